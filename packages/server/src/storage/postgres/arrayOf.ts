/** What a column may hold. */
export type Cell = number | boolean | string | Buffer | null;

/**
 * A column of rows as PostgreSQL writes an array. The driver can do it too, for values of any kind and depth: a commit has some forty
 * values to an op, and then spends most of its time there.
 */
export function arrayOf<T>(rows: readonly T[], cellOf: (row: T) => Cell): string {
  let text = '{';
  for (let at = 0; at < rows.length; at++) {
    if (at > 0) text += ',';
    // Counted by the length.
    text += cellText(cellOf(rows[at] as T));
  }
  return `${text}}`;
}

function cellText(cell: Cell): string {
  if (cell === null) return 'NULL';
  if (typeof cell === 'string') return `"${/["\\]/.test(cell) ? cell.replace(/["\\]/g, '\\$&') : cell}"`;
  if (typeof cell === 'object') return `"\\\\x${cell.toString('hex')}"`;
  return String(cell);
}
