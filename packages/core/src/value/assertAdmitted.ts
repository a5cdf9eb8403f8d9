import { cloneAdmitted } from './cloneAdmitted.js';
import type { ValueLimits } from './limits.js';

/**
 * Throws `VALUE_NOT_ADMITTED` unless the value comes back from storage and wire exactly as it is (DAT-4).
 *
 * Admitted: booleans, finite numbers except -0, well-formed strings, bigints of 64 bits, valid dates, Uint8Arrays, dense
 * arrays, plain objects with string keys, and null inside of them. The message names the path of the first fault, such
 * as `$.items[3].price`. `undefined` and null at the top are refused: a deletion is `remove`.
 */
export function assertAdmitted(value: unknown, limits?: ValueLimits): void {
  cloneAdmitted(value, limits);
}
