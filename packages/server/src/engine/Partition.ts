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
  /** of the offsets that are given out here, above all the partition ever had (RES-1, CLU-15) */
  epoch: number;
  /** last n given out in that epoch, durable or not; never goes back, not even when a flush fails */
  staged = 0;
  /** ops are taken in here; without a cluster always (CLU-14) */
  isOwn = true;

  constructor(pid: number, committed: Offset, changes: ChangeIndex, gc: GcMarks | undefined, epoch: number) {
    this.pid = pid;
    this.committed = committed;
    this.changes = changes;
    this.gc = gc;
    this.epoch = epoch;
  }

  /** A cursor that stands below it has missed deletions that nobody can tell any more. */
  get gcOffset(): Offset {
    return this.gc?.offset ?? START;
  }

  /** Where the partition will stand when everything staged is durable. */
  get high(): Offset {
    return this.staged === 0 ? this.committed : { epoch: this.epoch, n: this.staged };
  }
}
