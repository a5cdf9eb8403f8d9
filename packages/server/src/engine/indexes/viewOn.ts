import { parsePath, type QuerySpec, type RowView } from '@topgun/core';
import type { View } from '../../security/policy/View.js';

/** A view as indexes look through it; undefined where there is nothing to hide. */
export function viewOn(view: View, { sort = [] }: QuerySpec): RowView<unknown> | undefined {
  if (view.isWhole) return undefined;
  return {
    see: (_, value) => view.project(value),
    ordered: sort.every(([path]) => view.shows(parsePath(path)[0])),
  };
}
