/** One broken rule: which, where, what was found. `line` is absent when the whole file is meant. */
export interface Finding {
  readonly rule: string;
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

export const formatFinding = ({ rule, file, line, message }: Finding): string =>
  `${file}${line === undefined ? '' : `:${line}`} [${rule}] ${message}`;
