import { hashValue } from '../hash/hashValue.js';
import { compareStamps, millisOf } from './Timestamp.js';

/** One version of a record: who wrote what when. `value` undefined means deleted; `ttlMs` 0 or undefined means for ever. */
export interface Version {
  readonly t: number;
  readonly node: string;
  readonly value: unknown;
  readonly ttlMs?: number | undefined;
}

/**
 * The total order of last-write-wins (CLK-1): packed time, node id by code unit; on a full tie deletion wins, then the
 * larger hash of the value, then the longer time to live. 0 means the same state, so either may be kept.
 *
 * Arrival plays no part, so every replica and every store picks the same winner.
 */
export function compareVersions(a: Version, b: Version): number {
  const byStamp = compareStamps(a.t, a.node, b.t, b.node);
  if (byStamp !== 0) return byStamp;
  return (
    Number(a.value === undefined) - Number(b.value === undefined) ||
    hashValue(a.value) - hashValue(b.value) ||
    // Two that live for ever differ by NaN, which is level.
    (a.ttlMs || Infinity) - (b.ttlMs || Infinity) ||
    0
  );
}

/** Whether a version is hidden by its time to live: from `millis + ttlMs` on (CLK-6). `wallMs` is server-corrected time. */
export function isExpired(t: number, ttlMs: number | undefined, wallMs: number): boolean {
  return Boolean(ttlMs) && millisOf(t) + (ttlMs as number) <= wallMs;
}
