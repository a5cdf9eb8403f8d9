import { cloneAdmitted } from './cloneAdmitted.js';

/** Where and why a value is not admitted inside of another, where null is; undefined when it is. */
export function faultOf(value: unknown): string | undefined {
  try {
    if (value !== null) cloneAdmitted(value);
    return undefined;
  } catch (error) {
    return String(error);
  }
}
