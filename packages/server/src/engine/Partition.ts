import type { Offset } from '../storage/Store.js';
import type { ChangeIndex } from './ChangeIndex.js';

/** The place of one partition in its history, and what changed in it. */
export class Partition {
  readonly pid: number;
  readonly changes: ChangeIndex;
  /** last offset that is durable; (0, 0) when there never was one */
  committed: Offset;
  /** highest offset at which a tombstone was purged: what changed up to here cannot be told any more (GC-1) */
  gcOffset: Offset = { epoch: 0, n: 0 };
  /** last n given out in the epoch of this engine, durable or not; never goes back, not even when a flush fails */
  staged = 0;

  constructor(pid: number, committed: Offset, changes: ChangeIndex) {
    this.pid = pid;
    this.committed = committed;
    this.changes = changes;
  }

  /** Where the partition will stand when everything staged is durable. */
  high(epoch: number): Offset {
    return this.staged === 0 ? this.committed : { epoch, n: this.staged };
  }
}
