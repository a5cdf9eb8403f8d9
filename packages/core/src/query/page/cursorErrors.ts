import { TEXTS } from '@topgun/core/texts';
import { errorsOf, final } from '../../errors.js';

/** The codes of cursors, each with its way out. */
export const cursorErrors = {
  CURSOR_INVALID: final(
    TEXTS &&
      'Use a cursor with the map, filter and sort it was made for, unchanged; or begin at the first page.',
  ),
  CURSOR_EXPIRED: final(TEXTS && 'Begin at the first page; cursors hold for 10 minutes.'),
};

/** The error of a code of the table above. */
export const cursorError = /* @__PURE__ */ errorsOf(cursorErrors);
