/**
 * Files that may be longer than 400 lines: `{ file, linesMax, reason }`. The reason says why a second file would
 * make the code harder to read; "not split yet" is none. The check asks to remove entries that are not needed.
 */
export const longFiles = [];
