import { TEXTS } from '@topgun/core/texts';
import { errorsOf, final } from '../errors.js';

/** The codes of queries and of the canonical encoding, each with its way out. */
export const queryErrors = {
  CANONICAL_FORMAT: final(TEXTS && 'Decode only bytes made by encodeCanonical.'),
  PREDICATE_INVALID: final(TEXTS && 'Correct the part named; docs/specs/query.md lists every form.'),
  PREDICATE_OPERATOR_UNKNOWN: final(TEXTS && 'Use an operator that docs/specs/query.md lists.'),
  REGEX_ENGINE_MISSING: final(
    TEXTS && 'Give the client an engine: `regex: linearRegex` of @topgun/search/regex.',
  ),
  QUERY_INVALID: final(TEXTS && "Sort by up to 8 paths, 'asc' or 'desc'; limit by a positive whole number."),
};

/** The error of a code of the table above. */
export const queryError = /* @__PURE__ */ errorsOf(queryErrors);
