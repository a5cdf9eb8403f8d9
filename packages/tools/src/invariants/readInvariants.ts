import type { Finding } from '../Finding.js';

/** A test named by an invariant: its file, relative to the root, and words of its title. */
export interface Citation {
  readonly file: string;
  readonly title: string;
}

/** One row of the catalogue. */
export interface Invariant {
  readonly id: string;
  /** Line of the catalogue, counted from 1. */
  readonly line: number;
  /** Files that keep it, relative to the root. */
  readonly keptBy: readonly string[];
  readonly shownBy: readonly Citation[];
}

/** Where the catalogue is. */
export const CATALOGUE = 'docs/specs/invariants.md';

const ROW = /^\|\s*([A-Z]\d+)\s*\|(.*)\|\s*$/;
const PATH = /`([^`]+)`/g;
const CITATION = /^`([^`]+)` (.+)$/;

/** The rows of the catalogue: `| id | invariant | kept by | shown by |`; several tests are parted by `<br>`. */
export function readInvariants(text: string): {
  readonly invariants: readonly Invariant[];
  readonly findings: readonly Finding[];
} {
  const invariants: Invariant[] = [];
  const findings: Finding[] = [];
  for (const [at, row] of text.split(/\r?\n/).entries()) {
    const [, id, rest] = ROW.exec(row) ?? [];
    if (id === undefined || rest === undefined) continue;
    const line = at + 1;
    const fault = (message: string): void => {
      findings.push({ rule: 'invariant-row', file: CATALOGUE, line, message: `${id}: ${message}` });
    };
    const [, keeping = '', showing = ''] = rest.split(' | ').map((cell) => cell.trim());
    const keptBy = Array.from(keeping.matchAll(PATH), ([, path = '']) => path);
    if (keptBy.length === 0) fault('names no file that keeps it');
    const shownBy: Citation[] = [];
    for (const cited of showing.split('<br>').map((part) => part.trim())) {
      const [, file, title] = CITATION.exec(cited) ?? [];
      if (file === undefined || title === undefined) fault('a test is named as `file` title');
      else shownBy.push({ file, title });
    }
    invariants.push({ id, line, keptBy, shownBy });
  }
  return { invariants, findings };
}
