import { type ErrorTable, TopGunError } from '../errors.js';

/** The codes of queries and of the canonical encoding, each with its way out. */
export const queryErrors = {
  CANONICAL_FORMAT: { remedy: 'Decode only bytes made by encodeCanonical.' },
  PREDICATE_INVALID: { remedy: 'Correct the part named; docs/specs/query.md lists every form.' },
  PREDICATE_OPERATOR_UNKNOWN: { remedy: 'Use an operator that docs/specs/query.md lists.' },
  QUERY_INVALID: { remedy: "Sort by up to 8 paths, 'asc' or 'desc'; limit by a positive whole number." },
} as const satisfies ErrorTable;

/** The error of a code of the table above. */
export function queryError(code: keyof typeof queryErrors, message: string): TopGunError {
  return new TopGunError({ code, message, remedy: queryErrors[code].remedy });
}
