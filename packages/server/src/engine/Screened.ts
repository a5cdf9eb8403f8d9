import type { ErrorCode } from '@topgun/protocol';

/** What became of an op before the gate and the map are asked about it (INT-3). */
export interface Screened {
  /** in place of the values of its writes, in their order */
  readonly values?: readonly unknown[] | undefined;
  readonly refusal?: { readonly code: ErrorCode; readonly reason?: string | undefined } | undefined;
}

/** What the program says of an op: it goes on, maybe with other values; it is refused for good; it may come again later. */
export type ScreenVerdict =
  | Screened
  | { readonly later: 'RATE' | 'UNAVAILABLE'; readonly retryAfterMs: number };
