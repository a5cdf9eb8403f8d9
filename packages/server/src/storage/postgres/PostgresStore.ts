import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { partitionOf, TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import pg from 'pg';
import { serverError } from '../../errors.js';
import { Pace } from '../../utils/Pace.js';
import type { CommitGate } from '../CommitGate.js';
import type {
  CommitBatch,
  CommitResult,
  DedupRow,
  DedupState,
  Offset,
  PartitionPlace,
  SharedState,
  SharedStore,
  StoreBoot,
  StoredRecord,
} from '../Store.js';
import type { StoreFault } from '../StoreWatch.js';
import { type CommitRows, commitRows } from './commitRows.js';
import { connectionOptions, SYNCHRONOUS } from './connection.js';
import type { DatabaseAddress } from './databaseUrl.js';
import { Fence } from './Fence.js';
import { CONTRADICTED, type Fault, judgeFault, openingError, sqlStateOf } from './faults.js';
import { Guard } from './Guard.js';
import { openLife, readHome, renewLife } from './home.js';
import { lockKeyOf } from './lockKey.js';
import { migrate } from './migrate.js';
import {
  ALL_FACTS,
  dedupPages,
  readChanges,
  readDedupRow,
  readFacts,
  readPartitions,
  readRecord,
  recordPages,
  toDedupRow,
} from './reads.js';
import { fromRow } from './recordRow.js';

export interface PostgresStoreOptions {
  readonly address: DatabaseAddress;
  /** whose right to write this is, default `server`; two stores with one name exclude each other */
  readonly fence?: string;
  /** Of a node of a cluster: the fence has its name, its holder is this boot, and `joined` tells its number (CLU-12). */
  readonly node?: { readonly name: string; readonly boot: string; readonly onFenced: () => void };
  /** told once when the store has stopped: another server has taken over, or the database is another one than before */
  readonly onStopped?: (error: TopGunError) => void;
  /** told what is wrong with the database, once for each kind of it until it works again */
  readonly onFault?: (error: TopGunError) => void;
  /** how long an opening waits for the server before to let go, ms; default `LIMITS.databaseHeldMs` */
  readonly heldMs?: number;
  /** for tests: holds flushes back, makes commits fail */
  readonly gate?: CommitGate;
}

/** Fence and number, and the columns of `commitRows`. */
const COMMIT = `select commit_shared(${Array.from({ length: 48 }, (_, i) => `$${i + 1}`).join(', ')}) as revision`;

/** What servers that are no nodes of a cluster call their fence, and what nodes keep them out by. */
const SERVER = 'server';

/**
 * The store of production: records, dedup rows and facts in PostgreSQL, merged by it, one transaction to a commit. Nothing that comes from
 * the database or the way to it stops the store, except that the right to write is lost (rules STO-30 to STO-43).
 */
export class PostgresStore implements SharedStore {
  readonly address: DatabaseAddress;
  readonly #options: PostgresStoreOptions;
  readonly #connection: pg.ClientConfig;
  readonly #fence: Fence;
  readonly #guard: Guard;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<unknown>>();
  readonly #records = recordPages(() => this.#opened());
  readonly #dedup = dedupPages(() => this.#opened());
  #pool: pg.Pool | undefined;
  #home = '';
  /** the life that was opened */
  #incarnation = '';
  #stopped: TopGunError | undefined;
  #fault: StoreFault | undefined;
  #told: string | undefined;
  /** a commit may still be under way in the database: nothing is read or written before that is over */
  #isUnsettled = false;
  #settling: Promise<void> | undefined;

  /** Throws CONFIG_INVALID when a file that the address names cannot be read. */
  constructor(options: PostgresStoreOptions) {
    // Every read that waits for the database listens.
    setMaxListeners(0, this.#closing.signal);
    this.#options = options;
    this.address = options.address;
    this.#connection = connectionOptions(options.address);
    const { node } = options;
    this.#fence = node ? new Fence(node.name, node.boot) : new Fence(options.fence ?? SERVER);
    this.#guard = new Guard({
      key: lockKeyOf(this.address.schema, node ? SERVER : this.#fence.name),
      isShared: node !== undefined,
      connect: () => this.#connect(),
      heldMs: options.heldMs ?? LIMITS.databaseHeldMs,
      regained: async (client) => {
        await this.#admit(client);
        // A node that lost its fence joins anew.
        if (node === undefined) await this.#fence.check(client);
      },
      onFault: (error) => this.#note(judgeFault(error, this.address.shown)).isPassing,
      rest: (round) => this.#rest(round),
    });
  }

  async open(): Promise<StoreBoot> {
    try {
      const client = await this.#guard.open();
      await migrate(client, this.address.schema);
      const home = await readHome(client);
      this.#home = home.text;
      await this.#admit(client);
      const isAlone = this.#options.node === undefined;
      if (isAlone) await this.#fence.take(client);
      const life = await openLife(client, home.text);
      this.#incarnation = life.incarnation;
      // What was forgotten in earlier lives: no commit of theirs can come any more.
      if (isAlone) await client.query('delete from dedup where forgotten');
      this.#pool = new pg.Pool({
        ...this.#connection,
        max: this.address.pool,
        allowExitOnIdle: true,
        onConnect: (made) => {
          // While it is in use nobody else listens: whoever uses it hears of it from what was asked.
          made.on('error', () => undefined);
          return this.#admit(made);
        },
      });
      // A connection that is lost while nobody uses it; the next one who needs one makes it.
      this.#pool.on('error', () => undefined);
      const partitions = await readPartitions(client);
      const { facts, revision } = await readFacts(client, ALL_FACTS);
      const meta = new Map([...facts].filter(([, value]) => value !== null));
      return { ...life, ...partitions, meta, ...(!isAlone && { revision }) };
    } catch (error) {
      await this.close();
      throw openingError(error, `PostgreSQL at ${this.address.shown}`);
    }
  }

  async commit(batch: CommitBatch): Promise<CommitResult> {
    return (await this.commitShared(batch)).result;
  }

  commitShared(batch: CommitBatch): Promise<SharedResult> {
    return this.#run(
      this.#commit(commitRows(batch)).finally(() => {
        this.#records.clear();
        this.#dedup.clear();
      }),
    );
  }

  async sharedState(afterRevision: number): Promise<SharedState> {
    // What was read ahead others may have changed.
    this.#records.clear();
    this.#dedup.clear();
    const [places, found] = await Promise.all([
      readPartitions(this.#opened()),
      readFacts(this.#opened(), afterRevision),
    ]);
    if (afterRevision < found.pruned)
      throw serverError('STORE_STOPPED', 'This node was cut off for so long that it has to begin anew.');
    const partitions = new Map<number, PartitionPlace>();
    for (const [pid, high] of places.partitions) {
      const gc = places.gc.get(pid);
      partitions.set(pid, gc === undefined ? { high } : { high, gc });
    }
    return { ...found, partitions };
  }

  /** The node is a member of the cluster, maybe anew: commits show this number from now on. */
  joined(fence: number): void {
    this.#fence.joined(fence);
  }

  async read(map: string, key: string, tag?: string): Promise<StoredRecord | undefined> {
    return readRecord(this.#opened(), partitionOf(key), map, key, tag);
  }

  scan(pid: number, visit: (record: StoredRecord) => void, pace = new Pace()): Promise<void> {
    return this.#records.visit(pid, pace, (row) => visit(fromRow(row)), this.#closing.signal);
  }

  async changesSince(pid: number, after: Offset, limit: number): Promise<readonly StoredRecord[]> {
    return readChanges(this.#opened(), pid, after, limit);
  }

  readDedup(pid: number, clientId: string, session: string): Promise<DedupState | undefined> {
    return this.#patiently(() => readDedupRow(this.#opened(), pid, clientId, session));
  }

  scanDedup(pid: number, visit: (row: DedupRow) => void, pace = new Pace()): Promise<void> {
    return this.#dedup.visit(pid, pace, (row) => visit(toDedupRow(row)), this.#closing.signal);
  }

  renew(): Promise<string> {
    // One that was done and not heard of is followed by another: each is a new life.
    const { node } = this.#options;
    return this.#patiently(() => renewLife(this.#opened(), Date.now(), node && this.#incarnation));
  }

  async close(): Promise<void> {
    this.#options.gate?.release();
    await Promise.allSettled(this.#running);
    this.#closing.abort(serverError('SERVER_STATE', 'The store is closed.'));
    const pool = this.#pool;
    this.#pool = undefined;
    // A connection whose other end is gone without a word may never say that it is closed.
    const done = new AbortController();
    const late = sleep(LIMITS.databaseProbeMs, undefined, { signal: done.signal }).catch(() => undefined);
    // The process stays for as long as it is waited for: nothing else may keep it.
    await Promise.race([Promise.all([this.#guard.close(), pool?.end()]), late]);
    done.abort();
  }

  /** What keeps the database from taking writes, asked of it and known from the last commit; undefined when all is well. */
  async fault(timeoutMs: number): Promise<StoreFault | undefined> {
    if (this.#pool === undefined) return 'STORE_UNREACHABLE';
    const asked = this.#pool
      .query({
        text: "select pg_is_in_recovery() or current_setting('transaction_read_only') = 'on' as closed",
        query_timeout: timeoutMs,
      } as pg.QueryConfig)
      .then(({ rows }) => (rows[0].closed ? 'STORE_READ_ONLY' : this.#fault))
      .catch((error: unknown) => judgeFault(error, this.address.shown).reason ?? 'STORE_UNREACHABLE');
    const late = this.#rest(0, timeoutMs).then(
      () => 'STORE_UNREACHABLE' as const,
      () => undefined,
    );
    return Promise.race([asked, late]);
  }

  #run<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = (): boolean => this.#running.delete(work);
    work.then(done, done);
    return work;
  }

  async #commit(rows: CommitRows): Promise<SharedResult> {
    const fault = this.#options.gate?.takeFault();
    if (this.#stopped !== undefined || fault === 'failed') return NOTHING_STORED;
    await this.#options.gate?.flushed();
    const { shown } = this.address;
    let client: pg.PoolClient;
    try {
      await this.#settled();
      client = await this.#opened().connect();
    } catch (error) {
      // Nothing was sent.
      this.#note(judgeFault(error, shown));
      return NOTHING_STORED;
    }
    let revision: number;
    try {
      const { rows: made } = await client.query({
        name: 'commit',
        text: COMMIT,
        values: [this.#fence.name, this.#fence.number, ...rows],
      });
      revision = made[0].revision;
    } catch (error) {
      if (sqlStateOf(error) === CONTRADICTED) {
        client.release();
        return { result: 'contradicted', revision: 0 };
      }
      const judged = judgeFault(error, shown);
      client.release(judged.isBroken);
      if (judged.result === 'unknown') this.#isUnsettled = true;
      if (judged.error.code === 'STORE_FENCED') await this.#fenced();
      else this.#note(judged);
      return { result: judged.result, revision: 0 };
    }
    client.release();
    this.#fault = undefined;
    this.#told = undefined;
    return { result: fault ?? 'committed', revision };
  }

  /** A number that is not ours any more was raised by us, for a flush that is not known of, or by somebody else. */
  async #fenced(): Promise<void> {
    const { node } = this.#options;
    if (node !== undefined) return node.onFenced();
    try {
      await this.#fence.check(this.#opened());
    } catch (error) {
      this.#note(judgeFault(error, this.address.shown));
    }
  }

  /** Resolves when no flush of which nothing was heard can be stored any more. */
  async #settled(): Promise<void> {
    if (!this.#isUnsettled) return;
    this.#settling ??= this.#raised().then(() => {
      this.#isUnsettled = false;
    });
    try {
      await this.#settling;
    } finally {
      this.#settling = undefined;
    }
  }

  /** Raises the fence. Of a node that was taken over it is raised already: nothing of it can be stored, until it joins anew. */
  async #raised(): Promise<void> {
    const { node } = this.#options;
    try {
      await this.#fence.raise(this.#opened());
    } catch (error) {
      if (node === undefined || !(error instanceof TopGunError) || error.code !== 'STORE_FENCED') throw error;
      node.onFenced();
    }
  }

  /** Asks again until the database answers: the engine cannot go on without (STO-36). Rejects when the store closes or has stopped. */
  async #patiently<T>(ask: () => Promise<T>): Promise<T> {
    for (let round = 0; ; round++) {
      try {
        await this.#settled();
        return await ask();
      } catch (error) {
        const fault = this.#note(judgeFault(error, this.address.shown));
        if (!fault.isPassing || this.#stopped !== undefined) throw fault.error;
      }
      await this.#rest(round);
    }
  }

  #note(fault: Fault): Fault {
    const { error, reason } = fault;
    if (this.#closing.signal.aborted) return fault;
    if (error.code === 'STORE_FENCED' || error.code === 'STORE_STOPPED') this.#stop(error);
    this.#fault = reason;
    if (this.#told !== error.code && this.#stopped === undefined) this.#options.onFault?.(error);
    this.#told = error.code;
    return fault;
  }

  #stop(error: TopGunError): void {
    if (this.#stopped !== undefined) return;
    this.#stopped = error;
    this.#options.onStopped?.(error);
  }

  async #connect(): Promise<pg.Client> {
    const client = new pg.Client(this.#connection);
    // Its end is heard of.
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** Looks at a fresh connection: it must lead to the database that was opened (STO-38), and wait for its disk (STO-37). */
  async #admit(client: pg.ClientBase): Promise<void> {
    const { text, isStandby } = await readHome(client);
    const { shown } = this.address;
    if (isStandby) throw serverError('STORE_READ_ONLY', `PostgreSQL at ${shown} follows another server.`);
    if (text !== this.#home) {
      throw serverError(
        'STORE_STOPPED',
        `The database at ${shown} is another one, or an older one, than was opened.`,
      );
    }
    await client.query(SYNCHRONOUS);
  }

  #rest(
    round: number,
    ms = Math.min(LIMITS.databaseRetryMs * 2 ** round, LIMITS.databaseRetryMsMax),
  ): Promise<void> {
    return sleep(ms, undefined, { signal: this.#closing.signal, ref: false });
  }

  #opened(): pg.Pool {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#pool === undefined)
      throw serverError('SERVER_STATE', `The store at ${this.address.shown} is not open.`);
    return this.#pool;
  }
}

interface SharedResult {
  readonly result: CommitResult;
  readonly revision: number;
}

const NOTHING_STORED: SharedResult = { result: 'failed', revision: 0 };
