import { mapErrors } from './errors.js';
import { indexErrors } from './index/indexErrors.js';
import { cursorErrors } from './query/page/cursorErrors.js';
import { queryErrors } from './query/queryErrors.js';

/** Every code that core throws, with its way out. In parts, so that an app does not load those of what it does not use. */
export const coreErrors = { ...mapErrors, ...queryErrors, ...cursorErrors, ...indexErrors };

/** A code that core throws. */
export type CoreErrorCode = keyof typeof coreErrors;
