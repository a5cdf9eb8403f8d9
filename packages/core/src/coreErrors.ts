import { mapErrors } from './errors.js';
import { cursorErrors } from './query/page/cursorErrors.js';
import { queryErrors } from './query/queryErrors.js';

/** Every code that core throws, with its way out. In parts, so that an app without queries or cursors does not load theirs. */
export const coreErrors = { ...mapErrors, ...queryErrors, ...cursorErrors };

/** A code that core throws. */
export type CoreErrorCode = keyof typeof coreErrors;
