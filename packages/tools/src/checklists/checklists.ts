import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finding } from '../Finding.js';
import { findQuotes, type Quote } from './findQuotes.js';
import { CHECKLISTS, type ChecklistRow, readChecklists, rowIds } from './readChecklists.js';

const TO_WRITE = 'node packages/tools/dist/main.js checklists --write';

/**
 * Every row of the checklists is held by a test that runs, or is marked; every test that the table names is there; the table names
 * every test that quotes a row.
 */
export function findChecklistFaults(root: string): readonly Finding[] {
  const path = join(root, CHECKLISTS);
  if (!existsSync(path))
    return [{ rule: 'checklist', file: CHECKLISTS, message: 'the checklists are missing' }];
  const { rows, findings } = readChecklists(readFileSync(path, 'utf8'));
  const quotes = findQuotes(root);
  const strange = quotes.flatMap(({ file, title, ids }) =>
    ids
      .filter((id) => !rowIds.includes(id))
      .map((id) => ({ rule: 'checklist-quote', file, message: `no checklist has a row ${id}: "${title}"` })),
  );
  return [...findings, ...rows.flatMap((row) => faultsOf(root, row, quotes)), ...strange];
}

function faultsOf(root: string, row: ChecklistRow, quotes: readonly Quote[]): readonly Finding[] {
  const { id, line, mark } = row;
  const fault = (message: string): Finding => ({
    rule: 'checklist-held',
    file: CHECKLISTS,
    line,
    message: `${id}: ${message}`,
  });
  const held = cellsOf(id, quotes);
  const written = row.heldBy === '' ? [] : row.heldBy.split('<br>').map((cell) => cell.trim());
  const gone = written.filter((cell) => !held.includes(cell));
  const unnamed = held.filter((cell) => !written.includes(cell));
  return [
    ...gone.map((cell) => fault(`no such test runs: ${cell}`)),
    ...unnamed.map((cell) => fault(`quoted by ${cell}, which the table does not name; run ${TO_WRITE}`)),
    ...(held.length === 0 && mark === undefined
      ? [fault('held by no test, and not marked document, otherwise or open')]
      : []),
    ...(held.length > 0 && mark?.kind === 'open' && mark.text === ''
      ? [fault(`has tests now: say what is still open, or run ${TO_WRITE}`)]
      : []),
    ...(mark?.kind === 'document' ? deadLinks(root, mark.text).map((link) => fault(`no file ${link}`)) : []),
  ];
}

function deadLinks(root: string, text: string): readonly string[] {
  const links = Array.from(text.matchAll(/\]\(([^)#]+)[^)]*\)/g), ([, link = '']) => link);
  if (links.length === 0) return ['that it links to'];
  return links.filter((link) => !existsSync(join(root, dirname(CHECKLISTS), link)));
}

/** What the table says of the tests of a row; each once, for a table of cases has one title. */
function cellsOf(id: string, quotes: readonly Quote[]): readonly string[] {
  const cells = quotes
    .filter(({ ids }) => ids.includes(id))
    .map(({ file, title }) => `\`${file}\` ${title.replaceAll('|', '¦').replaceAll('<br>', ' ')}`);
  return [...new Set(cells)];
}

/** Writes the tests that hold each row into the table, and takes away the mark of rows that were open and have tests now. */
export function writeChecklists(root: string): void {
  const path = join(root, CHECKLISTS);
  const text = readFileSync(path, 'utf8');
  const quotes = findQuotes(root);
  const lines = text.split('\n');
  for (const { id, line, behaviour, mark } of readChecklists(text).rows) {
    const held = cellsOf(id, quotes);
    // Back to open where nothing holds it any more: a row is never silent.
    const isBare = mark === undefined || (mark.kind === 'open' && mark.text === '');
    const marked = isBare ? (held.length > 0 ? '' : 'open') : `${mark.kind} ${mark.text}`;
    lines[line - 1] = `| ${[id, behaviour, marked, held.join('<br>')].join(' | ')} |`.replaceAll(
      '|  |',
      '| |',
    );
  }
  writeFileSync(path, lines.join('\n'));
}

/** What stands in the table, in one line. */
export function tellChecklists(root: string): string {
  const { rows } = readChecklists(readFileSync(join(root, CHECKLISTS), 'utf8'));
  const marked = (kind: string): number => rows.filter(({ mark }) => mark?.kind === kind).length;
  const tested = rows.filter(({ heldBy, mark }) => heldBy !== '' && mark?.kind !== 'open').length;
  return `${rows.length} rows: ${tested} held by tests, ${marked('document')} by documents alone, ${marked('otherwise')} met otherwise, ${marked('open')} open`;
}
