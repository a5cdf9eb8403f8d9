import type { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { ClusterStore } from '@topgun/server/internal/cluster/ClusterManager';
import type { OwnershipReply, OwnershipRequest } from '@topgun/server/internal/engine/ownership/ports';
import { serverError } from '@topgun/server/internal/errors';
import {
  type CommitBatch,
  type CommitResult,
  compareOffsets,
  type DedupRow,
  type DedupState,
  type Offset,
  type SharedState,
  type SharedStore,
  type StoreBoot,
  type StoredRecord,
} from '@topgun/server/internal/storage/Store';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import type { Asker } from './Membership.js';
import type { NodeProcess } from './NodeProcess.js';
import type { Shared, SimDatabase } from './SimDatabase.js';

export interface LineParts {
  readonly self: Asker;
  readonly database: SimDatabase;
  readonly process: NodeProcess;
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly wallMs: () => number;
  readonly count: (what: string) => void;
  /** A commit was void. */
  readonly onFenced: () => void;
  /** The store has stopped for good. */
  readonly onStopped: (error: TopGunError) => void;
  /** Somebody made a version of the map. */
  readonly onMap: (version: number) => void;
}

/** The connection was lost; `wasSent`: what was asked may be done. */
export class LineLost extends Error {
  readonly wasSent: boolean;

  constructor(wasSent: boolean) {
    super('The connection to the simulated database was lost');
    this.wasSent = wasSent;
  }
}

const NOTHING_STORED: Shared = { result: 'failed', revision: 0 };
const WAY_MS = 2;
/** After so long at most a lost connection is noticed. */
const SILENCE_MS = 3_000;

/**
 * What a node says to the simulated database, and hears: in place of the client of PostgreSQL, with its contract. A request may be lost, or
 * be carried out and its answer lost; before anything else is asked then the node's own fence settles it (STO-36).
 */
export class DatabaseLine implements SharedStore, ClusterStore {
  readonly #parts: LineParts;
  readonly #home: number;
  readonly #unlisten: () => void;
  #incarnation = '';
  #fence = 0;
  #isUnsettled = false;
  #settling: Promise<void> | undefined;
  #stopped: TopGunError | undefined;
  readonly #asked = { pulse: 0, work: 0 };

  constructor(parts: LineParts) {
    this.#parts = parts;
    const { database, process, scheduler, rng, self } = parts;
    this.#home = database.home;
    this.#unlisten = database.listen((version) => {
      if (!database.isReachedBy(self.name) || rng.chance(database.faults.lostP)) return;
      scheduler.after(rng.int(0, WAY_MS), () => process.enter(() => parts.onMap(version)));
    });
  }

  /** The node is a member of the cluster: commits show this number from now on. */
  joined(fence: number): void {
    this.#fence = Math.max(this.#fence, fence);
  }

  async open(): Promise<StoreBoot> {
    const { database } = this.#parts;
    return this.#trip((answer) => {
      const boot = structuredClone(database.rows.boot());
      this.#incarnation = boot.incarnation;
      answer({ ...boot, revision: database.facts.revision });
    });
  }

  async commit(batch: CommitBatch): Promise<CommitResult> {
    return (await this.commitShared(batch)).result;
  }

  async commitShared(batch: CommitBatch): Promise<Shared> {
    const { self, database, onFenced, count } = this.#parts;
    try {
      await this.#settled();
    } catch (error) {
      this.#judge(error);
      return NOTHING_STORED;
    }
    if (this.#stopped !== undefined) return NOTHING_STORED;
    try {
      const number = this.#fence;
      const answer = await this.#trip<Shared | 'fenced'>((done) =>
        database.commit(self, number, batch, done),
      );
      if (answer !== 'fenced') return answer;
      count('sometimes commit of a node that was fenced off');
      onFenced();
      return NOTHING_STORED;
    } catch (error) {
      this.#judge(error);
      if (!(error instanceof LineLost) || !error.wasSent) return NOTHING_STORED;
      count('sometimes commit unknown to its node');
      this.#isUnsettled = true;
      return { result: 'unknown', revision: 0 };
    }
  }

  async sharedState(afterRevision: number): Promise<SharedState> {
    const { database } = this.#parts;
    // Two statements, each of its own moment.
    const [partitions, found] = await Promise.all([
      this.#trip<SharedState['partitions']>((answer) => answer(database.places())),
      this.#trip<Omit<SharedState, 'partitions'>>((answer) => {
        const { rows, facts } = database;
        answer({
          incarnation: rows.incarnation,
          revision: facts.revision,
          facts: facts.after(afterRevision),
        });
      }),
    ]);
    return { ...found, partitions };
  }

  read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined> {
    return this.#trip((answer) => answer(structuredClone(this.#parts.database.rows.get(map, key, tag))));
  }

  async scan(pid: number, visit: (record: StoredRecord) => void): Promise<void> {
    const records = await this.#trip<readonly StoredRecord[]>((answer) =>
      answer(structuredClone(this.#parts.database.recordsOf(pid))),
    );
    for (const record of records) visit(record);
  }

  changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]> {
    return this.#trip((answer) => {
      const later = this.#parts.database
        .recordsOf(pid)
        .filter((record) => compareOffsets(record, after) > 0)
        .sort(compareOffsets);
      const last = later[Math.min(limit, later.length) - 1];
      answer(
        structuredClone(later.filter((record) => last !== undefined && compareOffsets(record, last) <= 0)),
      );
    });
  }

  readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined> {
    const { database } = this.#parts;
    return this.#patiently(() =>
      this.#trip((answer) => {
        const row = database.rows.readDedup(pid, clientId, session);
        answer(structuredClone(row && { settledBelow: row.settledBelow, entries: row.entries }));
      }),
    );
  }

  async scanDedup(pid: number, visit: (row: DedupRow) => void): Promise<void> {
    const { database } = this.#parts;
    const rows = await this.#trip<readonly DedupRow[]>((answer) =>
      answer(structuredClone(database.dedupOf(pid))),
    );
    for (const row of rows) visit(row);
  }

  renew(): Promise<string> {
    const { database, wallMs } = this.#parts;
    return this.#patiently(() => this.#trip((answer) => answer(database.renew(this.#incarnation, wallMs()))));
  }

  // --- the cluster ---

  async ask(line: 'pulse' | 'work', request: OwnershipRequest): Promise<OwnershipReply | undefined> {
    const { self, database, process } = this.#parts;
    const number = ++this.#asked[line];
    const late = new Promise<undefined>((resolve) => {
      process.after(timeOf(request), () => resolve(undefined));
    });
    // With the next statement the one before is given up.
    const answered = this.#trip<OwnershipReply>((answer) =>
      database.membership.ask(self, request, answer),
    ).then(
      (reply) => (number === this.#asked[line] ? reply : undefined),
      () => undefined,
    );
    const reply = await Promise.race([answered, late]);
    this.#noteReply(request, reply);
    return reply;
  }

  #noteReply({ type }: OwnershipRequest, reply: OwnershipReply | undefined): void {
    const { count } = this.#parts;
    if (type === 'handOver' && reply === undefined) count('sometimes hand-over of which nothing was heard');
    if (reply?.type === 'handOver' && (reply.reply?.given.length ?? 0) > 0)
      count('sometimes partitions handed over');
    if (reply?.type === 'takeOver' && reply.reply) count('sometimes node taken over');
  }

  setDraining(name: string, boot: string): Promise<boolean> {
    const { membership } = this.#parts.database;
    return this.#trip((answer) => answer(membership.setState({ name, boot }, 'DRAINING')));
  }

  async close(): Promise<void> {
    this.#unlisten();
  }

  /** Goes there and back. */
  #trip<T>(run: (answer: (value: T) => void) => void): Promise<T> {
    const { database, process, scheduler, rng, self, count } = this.#parts;
    return new Promise((resolve, reject) => {
      const end = (delayMs: number, settle: () => void): void =>
        scheduler.after(delayMs, () => process.enter(settle));
      const lost = (wasSent: boolean): void =>
        end(rng.int(0, SILENCE_MS), () => reject(new LineLost(wasSent)));
      if (this.#stopped !== undefined) return reject(this.#stopped);
      if (!database.isReachedBy(self.name)) return lost(false);
      scheduler.after(rng.int(0, WAY_MS), () => {
        if (!database.isReachedBy(self.name)) return lost(true);
        if (database.home !== this.#home)
          return end(0, () => {
            this.#stop(
              serverError('STORE_STOPPED', 'The simulated database is another one than was opened.'),
            );
            reject(this.#stopped);
          });
        const late = database.late.get(self.name);
        if (late !== undefined && rng.chance(late.share)) {
          late.held.push(() => database.home === this.#home && run(() => undefined));
          return lost(true);
        }
        run((value) => {
          const isLost = !database.isReachedBy(self.name) || database.home !== this.#home;
          if (isLost || rng.chance(database.faults.lostP)) {
            count('sometimes answer of the database lost');
            lost(true);
          } else end(rng.int(0, WAY_MS), () => resolve(value));
        });
      });
    });
  }

  /** Resolves when no commit of which nothing was heard can be stored any more. */
  async #settled(): Promise<void> {
    if (!this.#isUnsettled) return;
    this.#settling ??= this.#raise();
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
    }
  }

  async #raise(): Promise<void> {
    const { self, database, onFenced } = this.#parts;
    const number = await this.#trip<number | undefined>((answer) => database.raise(self, answer));
    // Of a node that was taken over nothing can be stored, until it joins anew.
    if (number === undefined) onFenced();
    else this.#fence = number;
    this.#isUnsettled = false;
  }

  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        await this.#settled();
        return await ask();
      } catch (error) {
        this.#judge(error);
        if (!(error instanceof LineLost)) throw error;
      }
      const pauseMs = Math.min(LIMITS.databaseRetryMs * 2 ** round, LIMITS.databaseRetryMsMax);
      await new Promise<void>((resolve) => void this.#parts.process.after(pauseMs, resolve));
    }
  }

  #judge(error: unknown): void {
    if (error instanceof LineLost) return;
    this.#stop(error as TopGunError);
  }

  #stop(error: TopGunError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    this.#parts.onStopped(error);
  }
}

/** As long as the client of PostgreSQL waits. */
function timeOf({ type }: OwnershipRequest): number {
  if (type === 'takeOver') return LIMITS.databaseLockMs + LIMITS.databaseSilenceMs;
  return type === 'join' || type === 'renew' ? LIMITS.clusterPulseMs : LIMITS.clusterHandOverMs;
}
