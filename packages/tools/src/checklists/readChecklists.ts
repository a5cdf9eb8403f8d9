import type { Finding } from '../Finding.js';

/** Where the table is. */
export const CHECKLISTS = 'docs/reference/realtime-checklists.md';

/** How many rows each checklist has; they are numbered from 1. */
const ROWS: Readonly<Record<string, number>> = { S000: 24, S001: 22, S003: 35, S004: 31 };

/** `S001-9` for every row, in the order of the table. */
export const rowIds: readonly string[] = Object.entries(ROWS).flatMap(([list, count]) =>
  Array.from({ length: count }, (_, i) => `${list}-${i + 1}`),
);

/**
 * What stands beside a row, or instead of its tests. document: only a document can meet it, `text` links to it. otherwise: it is met
 * otherwise, on purpose, for the reason `text`. open: not met yet; `text` says what is missing, and '' all of it.
 */
export interface Mark {
  readonly kind: 'document' | 'otherwise' | 'open';
  readonly text: string;
}

/** One row of the table: `| id | behaviour | mark | held by |`. */
export interface ChecklistRow {
  readonly id: string;
  /** of the document, counted from 1 */
  readonly line: number;
  readonly behaviour: string;
  readonly mark: Mark | undefined;
  /** the tests as they are written there */
  readonly heldBy: string;
}

const ROW = /^\|\s*(S\d{3}-\d+)\s*\|(.*)\|\s*$/;
const MARK = /^(document|otherwise|open)(?: (.+))?$/;

/** The rows of the table, and what is wrong with them by themselves: each must be there, once, and in its place. */
export function readChecklists(text: string): {
  readonly rows: readonly ChecklistRow[];
  readonly findings: readonly Finding[];
} {
  const rows: ChecklistRow[] = [];
  const findings: Finding[] = [];
  const fault = (line: number | undefined, message: string): void => {
    findings.push({ rule: 'checklist-row', file: CHECKLISTS, ...(line && { line }), message });
  };
  for (const [at, entry] of text.split(/\r?\n/).entries()) {
    const [, id, rest] = ROW.exec(entry) ?? [];
    if (id === undefined || rest === undefined) continue;
    const line = at + 1;
    const cells = rest.split('|').map((cell) => cell.trim());
    if (cells.length !== 3) fault(line, `${id}: a row has id, behaviour, mark and tests`);
    const [behaviour = '', marked = '', heldBy = ''] = cells;
    const [, kind, words = ''] = MARK.exec(marked) ?? [];
    if (marked !== '' && kind === undefined)
      fault(line, `${id}: a mark is document, otherwise or open, and a text`);
    if (kind !== undefined && kind !== 'open' && words === '')
      fault(line, `${id}: "${kind}" wants its ${kind === 'document' ? 'link' : 'reason'}`);
    const mark = kind === undefined ? undefined : { kind: kind as Mark['kind'], text: words };
    rows.push({ id, line, behaviour, mark, heldBy });
  }
  for (const [at, id] of rowIds.entries()) {
    const found = rows.filter((row) => row.id === id);
    if (found.length === 0) fault(undefined, `${id} is missing`);
    else if (found.length > 1) fault(found[1]?.line, `${id} stands here twice`);
    else if (rows.length === rowIds.length && rows[at]?.id !== id)
      fault(found[0]?.line, `${id} is not in its place`);
  }
  for (const { id, line } of rows) if (!rowIds.includes(id)) fault(line, `no checklist has a row ${id}`);
  return { rows, findings };
}
