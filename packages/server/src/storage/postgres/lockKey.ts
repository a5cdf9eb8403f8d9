import { hashString } from '@topgun/core';

/** `topg`: locks of ours in a database that others use too. */
const OURS = 0x746f7067;

/** Names an advisory lock of PostgreSQL, which are of the whole database. */
export function lockKeyOf(schema: string, what: string): readonly [number, number] {
  return [OURS, hashString(`${schema}/${what}`) | 0];
}
