import { type PredicateNode, parsePath } from '@topgun/core';
import { LIMITS, type QuerySubMessage } from '@topgun/protocol';
import type { View } from '../security/policy/View.js';

/**
 * Where a query tests or orders by a field that its asker sees in no row; undefined when it does not (PERM-9). Such a field
 * would be missing in every row that is looked at, so nothing could leak; the asker would only get a wrong answer in silence.
 *
 * Places `after` and `before` name values of the fields of the order, and no others.
 */
export function hiddenPathIn(
  { where, sort = [] }: Pick<QuerySubMessage, 'where' | 'sort'>,
  view: View,
): string | undefined {
  if (view.isWhole) return undefined;
  const isHidden = (path: string): boolean => {
    const [field] = parsePath(path);
    return field !== undefined && view.hides(field);
  };
  const at = sort.findIndex(([path]) => isHidden(path));
  const place = at >= 0 ? `sort[${at}]` : where === undefined ? undefined : placeIn(where, 'where', isHidden);
  return place?.slice(0, LIMITS.errorPathChars);
}

function placeIn(
  node: PredicateNode,
  place: string,
  isHidden: (path: string) => boolean,
): string | undefined {
  switch (node.op) {
    case 'and':
    case 'or':
      for (const [at, child] of node.children.entries()) {
        const found = placeIn(child, `${place}.children[${at}]`, isHidden);
        if (found !== undefined) return found;
      }
      return undefined;
    case 'not':
      return placeIn(node.child, `${place}.child`, isHidden);
    default:
      return isHidden(node.path) ? `${place}.path` : undefined;
  }
}
