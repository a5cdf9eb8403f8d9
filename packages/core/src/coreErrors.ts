import { mapErrors } from './errors.js';
import { indexErrors } from './index/indexErrors.js';
import { cursorErrors } from './query/page/cursorErrors.js';
import { queryErrors } from './query/queryErrors.js';
import { textErrors } from './text/textErrors.js';

/** Every code that core throws, with its way out. In parts, so that an app loads those of what it uses alone. */
export const coreErrors = { ...mapErrors, ...queryErrors, ...cursorErrors, ...indexErrors, ...textErrors };

/** A code that core throws. */
export type CoreErrorCode = keyof typeof coreErrors;
