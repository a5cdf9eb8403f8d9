import { malformed } from './refusals.js';

/** What JSON with marks stands for (DAT-4), read by `read`. Throws 400; what a mark holds is not repeated. */
export function fromMarks(json: unknown, read: (json: unknown) => unknown): unknown {
  try {
    return read(json);
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof RangeError)
      throw malformed('A value has a mark that does not hold what it says, or too many levels.');
    throw error;
  }
}
