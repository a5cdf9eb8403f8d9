import type { GcMarks, Offset } from '../storage/Store.js';
import type { ChangeIndex } from './ChangeIndex.js';

/** Before every offset. */
export const START: Offset = { epoch: 0, n: 0 };

/** The place of one partition in its history, and what changed in it. */
export class Partition {
  readonly pid: number;
  readonly changes: ChangeIndex;
  /** how far its deletions are purged, durably (GC-1) */
  gc: GcMarks | undefined;
  /** last offset that is durable; (0, 0) when there never was one */
  committed: Offset;
  /** last n given out in the epoch of this engine, durable or not; never goes back, not even when a flush fails */
  staged = 0;

  constructor(pid: number, committed: Offset, changes: ChangeIndex, gc: GcMarks | undefined) {
    this.pid = pid;
    this.committed = committed;
    this.changes = changes;
    this.gc = gc;
  }

  /** A cursor that stands below it has missed deletions that nobody can tell any more. */
  get gcOffset(): Offset {
    return this.gc?.offset ?? START;
  }

  /** Where the partition will stand when everything staged is durable. */
  high(epoch: number): Offset {
    return this.staged === 0 ? this.committed : { epoch, n: this.staged };
  }
}
