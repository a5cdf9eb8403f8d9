import type { Family } from '../Family.js';
import { doorFamilies } from './doors.js';
import { envelopeFamilies } from './envelopes.js';
import { frameFamilies } from './frames.js';
import { httpFamilies } from './http.js';
import { httpRecordFamilies } from './httpRecords.js';
import { jsonFamilies } from './jsonSockets.js';
import { msgpackFamilies } from './msgpack.js';
import { operationFamilies } from './operations.js';
import { queryFamilies } from './queries.js';
import { tokenFamilies } from './tokens.js';
import { upgradeFamilies } from './upgrade.js';

/** The corpus of malformed input, and of good input that only looks odd: every family of every area. */
export const families: readonly Family[] = [
  ...upgradeFamilies,
  ...frameFamilies,
  ...msgpackFamilies,
  ...envelopeFamilies,
  ...tokenFamilies,
  ...operationFamilies,
  ...queryFamilies,
  ...httpFamilies,
  ...httpRecordFamilies,
  ...doorFamilies,
  ...jsonFamilies,
];
