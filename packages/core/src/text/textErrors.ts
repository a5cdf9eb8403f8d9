import { TEXTS } from '@topgun/core/texts';
import { errorsOf, final } from '../errors.js';

/** The codes of full-text search. */
export const textErrors = {
  SEARCH_INVALID: final(TEXTS && 'Correct the option named; docs/specs/search.md has the limits.'),
};

/** The error of a code of the table above. */
export const textError = /* @__PURE__ */ errorsOf(textErrors);
