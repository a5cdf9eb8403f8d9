import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import type { OwnershipBounds } from '@topgun/server/internal/engine/ownership/ports';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  PartitionPlace,
  StoredRecord,
} from '@topgun/server/internal/storage/Store';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import type { SimStore } from '../world/SimStore.js';
import { Fences } from './Fences.js';
import { type Asker, Membership } from './Membership.js';
import { SharedFacts } from './SharedFacts.js';

/** How the database behaves at the moment. */
export interface DatabaseFaults {
  /** nothing reaches it */
  readonly isDown: boolean;
  readonly commitMsMax: number;
  readonly failP: number;
  /** that an answer is lost on its way back */
  readonly lostP: number;
}

export const CALM_DATABASE: DatabaseFaults = { isDown: false, commitMsMax: 3, failP: 0, lostP: 0 };

export interface DatabaseParts {
  readonly scheduler: Scheduler;
  readonly rows: SimStore;
  readonly rng: Rng;
  readonly bounds: OwnershipBounds;
  readonly protocol: number;
  readonly count: (what: string) => void;
  /** A commit counts: told before it is applied. */
  readonly counted: (by: Asker, batch: CommitBatch) => void;
  readonly applied: (batch: CommitBatch) => void;
}

export interface Shared {
  readonly result: CommitResult;
  readonly revision: number;
}

const NOTHING_STORED: Shared = { result: 'failed', revision: 0 };
/** Partitions have had up to so many owners before: each then is in an epoch of its own, as after a year of restarts. */
const EARLIER_OWNERS_MAX = 60;
/** Epochs of a life of the store lie above what any life of before has given, of whatever state it was begun from. */
const LEAP = 1_000_000;

/**
 * The PostgreSQL of a simulated cluster: rows merged by the plain reading of `SimStore`, fences, facts with revisions, membership. A commit
 * takes its time, holds its fence meanwhile, and is seen by all at one moment or by nobody.
 */
export class SimDatabase {
  readonly rows: SimStore;
  readonly fences = new Fences();
  readonly facts = new SharedFacts();
  readonly membership: Membership;
  faults: DatabaseFaults = CALM_DATABASE;
  /** names of nodes that do not reach it */
  readonly cutOff = new Set<string>();
  /** A share of what such nodes ask arrives when the way is free again, and nobody waits for the answer any more. */
  readonly late = new Map<string, { readonly share: number; readonly held: (() => void)[] }>();
  /** Which server it is: after a failover another one. */
  home = 1;
  readonly #parts: DatabaseParts;
  #lives = 0;
  readonly #listeners = new Set<(version: number) => void>();
  #byPid: { readonly commits: number; readonly records: ReadonlyMap<number, StoredRecord[]> } | undefined;

  #dedup: { readonly commits: number; readonly rows: ReadonlyMap<number, readonly DedupRow[]> } | undefined;

  constructor(parts: DatabaseParts) {
    this.#parts = parts;
    const { rows, bounds, scheduler, protocol, rng } = parts;
    const earlier = rng.fork();
    this.rows = rows;
    this.membership = new Membership({
      bounds,
      protocol,
      fences: this.fences,
      now: () => scheduler.nowMs,
      epochs: Array.from({ length: PARTITION_COUNT }, () => earlier.int(0, EARLIER_OWNERS_MAX)),
      epochOf: (pid) => rows.highs.get(pid)?.epoch ?? 0,
      notify: (version) => {
        for (const listener of this.#listeners) listener(version);
      },
    });
  }

  isReachedBy(node: string): boolean {
    return !this.faults.isDown && !this.cutOff.has(node);
  }

  listen(listener: (version: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A commit arrives. `done` hears 'fenced' where its number is not good any more. */
  commit(by: Asker, number: number, batch: CommitBatch, done: (answer: Shared | 'fenced') => void): void {
    const { scheduler, rng } = this.#parts;
    const { home } = this;
    this.fences.share(by.name, number, (isGood) => {
      if (!isGood) return done('fenced');
      scheduler.after(rng.int(0, this.faults.commitMsMax), () => {
        // The server that had begun it is gone.
        if (home !== this.home) return done(NOTHING_STORED);
        const answer = rng.chance(this.faults.failP) ? NOTHING_STORED : this.#store(by, batch);
        this.fences.done(by.name);
        done(answer);
      });
    });
  }

  /** Makes sure that no commit of a start of a node runs any more; its number from now on, none where the fence is another's. */
  raise({ name, boot }: Asker, done: (number: number | undefined) => void): void {
    if (this.fences.holderOf(name) !== boot) return done(undefined);
    this.fences.alone(name, () =>
      done(this.fences.holderOf(name) === boot ? this.fences.raise(name, boot) : undefined),
    );
  }

  places(): ReadonlyMap<number, PartitionPlace> {
    const { highs, gc } = this.rows;
    return new Map(
      [...highs].map(([pid, high]) => {
        const marks = gc.get(pid);
        return [pid, marks === undefined ? { high } : { high, gc: marks }] as const;
      }),
    );
  }

  recordsOf(pid: number): readonly StoredRecord[] {
    if (this.#byPid?.commits !== this.rows.commits) {
      const records = new Map<number, StoredRecord[]>();
      for (const record of this.rows.records.values()) {
        const at = partitionOf(record.key);
        const some = records.get(at);
        if (some === undefined) records.set(at, [record]);
        else some.push(record);
      }
      this.#byPid = { commits: this.rows.commits, records };
    }
    return this.#byPid.records.get(pid) ?? [];
  }

  dedupOf(pid: number): readonly DedupRow[] {
    if (this.#dedup?.commits !== this.rows.commits) {
      const rows = new Map<number, DedupRow[]>();
      for (const [at, row] of this.rows.dedupRows()) rows.set(at, [...(rows.get(at) ?? []), row]);
      this.#dedup = { commits: this.rows.commits, rows };
    }
    return this.#dedup.rows.get(pid) ?? [];
  }

  /** What stands now. The function that is returned makes another server of it, as a standby that had got so far and is promoted. */
  backup(): (nowMs: number) => void {
    const parts = [this.fences.backup(), this.facts.backup(), this.membership.backup()];
    const rows = this.rows.backup();
    return (nowMs) => {
      for (const put of parts) put();
      rows(nowMs);
      this.home++;
      this.membership.leap(LEAP * ++this.#lives);
      this.#byPid = undefined;
      this.#dedup = undefined;
    };
  }

  /** A node takes it for proven that time was lost: of several that do, one begins the new life. */
  renew(from: string, nowMs: number): string {
    if (this.rows.incarnation !== from) return this.rows.incarnation;
    const incarnation = this.rows.renew(nowMs);
    this.membership.leap(LEAP * ++this.#lives);
    return incarnation;
  }

  #store(by: Asker, batch: CommitBatch): Shared {
    const { counted, applied, count } = this.#parts;
    if (this.facts.contradicts(batch.meta)) {
      count('sometimes facts were decided by another node');
      return { result: 'contradicted', revision: 0 };
    }
    counted(by, batch);
    this.rows.apply(batch);
    const revision = this.facts.add(batch.meta);
    applied(batch);
    return { result: 'committed', revision };
  }
}
