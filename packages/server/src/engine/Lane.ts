import { PARTITION_COUNT } from '@topgun/core';
import { mergeGc } from '../storage/gcMarks.js';
import type { Offset, StoreBoot } from '../storage/Store.js';
import { ChangeIndex } from './ChangeIndex.js';
import { Expiries } from './Expiries.js';
import { Partition, START } from './Partition.js';
import type { Purge } from './Purge.js';

/**
 * The partitions of all maps that are kept in one way: in the store, or in memory alone (SRV-10). Each lane gives its own
 * offsets, so that what memory forgets is never missed by what the store remembers.
 */
export class Lane {
  readonly isVolatile: boolean;
  /** the epoch in which it began to remember: 0 for the store, for memory that of this start */
  readonly sinceEpoch: number;
  /** all partitions enter each epoch together: who is in an older one never changes in it again; not in a cluster (CLU-15) */
  readonly hasCommonEpochs: boolean;
  readonly partitions: readonly Partition[];
  /** committed rows that end by themselves */
  readonly expiries = new Expiries();
  /** rows were committed since this was last set to false */
  isChanged = false;

  /** A lane of the store begins where the store stands, one of memory with nothing. */
  constructor(boot: StoreBoot | undefined, epoch: number, hasCommonEpochs: boolean) {
    this.isVolatile = boot === undefined;
    this.hasCommonEpochs = hasCommonEpochs;
    this.sinceEpoch = boot === undefined ? epoch : 0;
    this.partitions = Array.from({ length: PARTITION_COUNT }, (_, pid) => {
      return new Partition(
        pid,
        boot?.partitions.get(pid) ?? START,
        new ChangeIndex(),
        boot?.gc.get(pid),
        epoch,
      );
    });
  }

  partition(pid: number): Partition {
    // 0..270: made by partitionOf, or checked by the guard of the protocol.
    return this.partitions[pid] as Partition;
  }

  /** A purge has been committed: its marks judge in place of the deletions. */
  purged({ pid, gc }: Purge): void {
    const partition = this.partition(pid);
    partition.gc = mergeGc(partition.gc, gc);
  }

  /** Durable place of every partition that has one. */
  positions(): readonly (readonly [pid: number, offset: Offset])[] {
    return this.partitions.flatMap(({ pid, committed }) =>
      committed.epoch > 0 ? [[pid, committed] as const] : [],
    );
  }
}
