import { mapErrors } from './errors.js';
import { queryErrors } from './query/queryErrors.js';

/** Every code that core throws, with its way out. In two parts, so that an app without queries does not load theirs. */
export const coreErrors = { ...mapErrors, ...queryErrors };

/** A code that core throws. */
export type CoreErrorCode = keyof typeof coreErrors;
