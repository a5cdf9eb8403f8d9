import { TEXTS } from '@topgun/core/texts';
import { errorsOf, final } from '../errors.js';

/** The codes of indexes, each with its way out. */
export const indexErrors = {
  INDEX_INVALID: final(
    TEXTS &&
      'Declare at most 32 indexes per map: hash or ordered with one path, compound with 2 to 4; drop one before another takes its name.',
  ),
};

/** The error of a code of the table above. */
export const indexError = /* @__PURE__ */ errorsOf(indexErrors);
