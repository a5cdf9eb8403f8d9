import { describePredicate } from './describePredicate.js';
import type { Explanation, PathExplanation, Refusal } from './Explanation.js';

/** What a label and its spaces take. */
const LABEL = 10;

/**
 * An explanation as text, one line per fact; docs/guides/queries.md tells how to read it.
 *
 * The form is stable: labels, their order and the names of paths stay as they are.
 */
export function explainText(explanation: Explanation): string {
  const { path, residual, rows, found, examined, expected, refused } = explanation;
  return [
    line('path', pathText(path)),
    line('test', residual === undefined ? 'nothing is left to test' : describePredicate(residual)),
    line('sort', sortText(explanation)),
    line('rows', `${found} found, ${examined} read (${expected} expected) of ${rows}`),
    ...refused.map((refusal, i) => line(i === 0 ? 'refused' : '', refusalText(refusal))),
  ].join('\n');
}

function line(label: string, text: string): string {
  return label.padEnd(LABEL) + text;
}

function pathText({ kind, index, on, parts = [] }: PathExplanation): string {
  switch (kind) {
    case 'scan':
      return 'scan of all rows';
    case 'nothing':
      return 'none, for no row can match';
    case 'order':
      return `whole ${index} in order`;
    case 'lookup':
    case 'range':
      return on === undefined ? `${index}` : `${kind} in ${index}: ${on}`;
    default:
      return `${kind} of ${parts.map(pathText).join(kind === 'union' ? ' or ' : ' and ')}`;
  }
}

function sortText({ path, sorting, limit }: Explanation): string {
  if (path.kind === 'nothing') return 'nothing to sort';
  switch (sorting) {
    case 'index':
      return limit === undefined ? 'by the index' : `by the index, up to ${limit} rows`;
    case 'merge':
      return `by the index, up to ${limit} rows of each part, then in memory`;
    case 'top':
      return `in memory, the first ${limit} kept`;
    default:
      return 'in memory';
  }
}

function refusalText({ path, reason, reads }: Refusal): string {
  switch (reason) {
    case 'COST':
      return `${pathText(path)}: expected to read ${reads}`;
    case 'USE':
      return `${pathText(path)}: of no use to this query`;
    default:
      return `${pathText(path)}: not built yet`;
  }
}
