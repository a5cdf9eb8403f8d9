import { millisOf } from '@topgun/core';
import type { Kind } from '@topgun/protocol';
import type { Stamp } from '../../storage/Store.js';

/** What a repair puts in place of a record from the future. */
export type RepairChange =
  /** the same, value or deletion, under a stamp of now */
  | { readonly type: 'keep' }
  /** another value; it lives for `ttlMs` from now on, for ever when left out */
  | { readonly type: 'put'; readonly value: unknown; readonly ttlMs?: number }
  | { readonly type: 'remove' };

/** What an operator asks for (CLK-7). */
export interface RepairOrder {
  readonly map: string;
  readonly key: string;
  /** of the element of an OR map */
  readonly tag?: string;
  readonly change: RepairChange;
  /** who asks: 1 to 200 characters, kept with the repair */
  readonly by: string;
}

/** One repair that was made, as it is kept. */
export interface Repair {
  /** rises by one */
  readonly id: number;
  /** ms since the epoch */
  readonly atMs: number;
  readonly by: string;
  readonly map: string;
  readonly key: string;
  readonly tag?: string;
  readonly change: RepairChange['type'];
  /** stamp of the record that was replaced, and of the one in its place */
  readonly old: Stamp;
  readonly made: Stamp;
  /** the epoch that began with it */
  readonly epoch: number;
}

export type RepairRefusal = 'REPAIR_MISSING' | 'REPAIR_NEEDLESS' | 'REPAIR_UNSUPPORTED' | 'REPAIR_INVALID';

export type RepairResult =
  | { readonly repair: Repair }
  | { readonly code: RepairRefusal; readonly reason: string }
  /** not this node's: its partition is owned by another one. `isUnknown`: that one was asked and did not answer, so it may have been made */
  | { readonly elsewhere: number; readonly isUnknown?: true };

/** A record whose stamp lies further ahead than any op's that is admitted: no ordinary write wins against it. */
export interface PoisonedRecord {
  readonly map: string;
  readonly key: string;
  readonly tag?: string;
  readonly kind: Kind;
  /** undefined: it is a deletion */
  readonly value: unknown;
  readonly stamp: Stamp;
  readonly aheadMs: number;
}

/** How far a stamp lies ahead of a time, ms. */
export const aheadMsOf = (t: number, now: number): number => millisOf(t) - now;
