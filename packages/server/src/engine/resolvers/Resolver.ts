/** What a resolver is asked: a write that has arrived, and what it meets. */
export interface MergeContext {
  readonly map: string;
  readonly key: string;
  /** What stands under the key: durable or about to be. Undefined: nothing, because it was never written, removed, or its time to live is over. */
  readonly existing:
    | {
        /** Whole, also where the writer sees only a part of it. */
        readonly value: unknown;
        /** Subject of whoever created the record. */
        readonly owner: string | undefined;
      }
    | undefined;
  /** The write. */
  readonly incoming: {
    /** Undefined: a removal. Under a field mask already completed by the fields that the writer may not touch. */
    readonly value: unknown;
    readonly ttlMs: number | undefined;
  };
  /** The write was made on what stands: its writer had seen it. False for writes that crossed on the way. */
  readonly isCausal: boolean;
  /** The write names no version that it was made on: its writer had seen none. */
  readonly isBlind: boolean;
  /** Plain last-write-wins would let the write win: it is causal, or has the later stamp, or meets nothing. */
  readonly isLater: boolean;
  /** Who writes. */
  readonly principal: {
    readonly sub: string;
    readonly roles: readonly string[];
    readonly claims: Readonly<Record<string, unknown>>;
  };
}

/**
 * What becomes of the write: `accept` stores it, `keep` leaves what stands, `merge` stores `value` instead of both (none
 * may be undefined), `reject` refuses it for good with a reason for its author, of which 200 characters travel.
 */
export type Resolution =
  | { readonly action: 'accept' }
  | { readonly action: 'keep' }
  | { readonly action: 'merge'; readonly value: unknown }
  | { readonly action: 'reject'; readonly reason: string };

/**
 * Decides about one write to a map of one value per key. A pure function: the same context gives the same resolution, at
 * once and without a look at anything else, for a write may be judged again when a flush fails.
 */
export type Resolver = (context: MergeContext) => Resolution;

export const ACCEPT: Resolution = { action: 'accept' };
export const KEEP: Resolution = { action: 'keep' };

export function reject(reason: string): Resolution {
  return { action: 'reject', reason };
}

/** As on a map of plain last-write-wins. */
export function byTime({ isLater }: MergeContext): Resolution {
  return isLater ? ACCEPT : KEEP;
}
