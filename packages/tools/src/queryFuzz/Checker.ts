import type { Case, Row, Who } from './Case.js';

/** What a case should show: the rows there are, and what the oracle says each who sees and is answered; at the start and after each batch. */
export interface Expected {
  readonly states: readonly ReadonlyMap<string, unknown>[];
  readonly of: readonly AskedBy[];
}

export interface AskedBy {
  readonly who: Who;
  readonly seen: readonly (readonly Row[])[];
  readonly answers: readonly (readonly Row[])[];
}

/** One way that TopGun answers queries, held against the oracle. */
export interface Checker {
  readonly name: string;
  /** Throws a `Difference` where the two disagree. What is worth counting is noted. */
  check(one: Case, expected: Expected, note: (what: string) => void): void;
}

/** Something else was shown than the oracle says. */
export class Difference extends Error {
  constructor(where: string, found: unknown, expected: unknown) {
    super(`${where}\n    found    ${shown(found)}\n    expected ${shown(expected)}`);
    this.name = 'Difference';
  }
}

const shown = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
