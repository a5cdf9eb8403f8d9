import { OUTCOME } from '@topgun/protocol';
import { type CommitResult, compareOffsets, type DedupState, type PartitionSlice } from '../storage/Store.js';
import { Batch } from './Batch.js';
import type { Commit } from './Commit.js';
import type { Connection } from './Connection.js';
import { mapsPassed } from './cluster/mapsPassed.js';
import type { FeedSlice } from './cluster/ports.js';
import type { DedupSession } from './DedupTable.js';
import type { EngineLimits } from './EngineLimits.js';
import { HeldOps } from './HeldOps.js';
import type { Lane } from './Lane.js';
import type { Change, MapState } from './MapState.js';
import { mapOf, type Op } from './Op.js';
import type { Outbox } from './outbox/Outbox.js';
import type { Purge } from './Purge.js';
import type { ServerEffects } from './ports.js';
import type { RecordTable } from './RecordTable.js';
import type { Row } from './Row.js';

export interface StagingPorts {
  /** Memory has advanced: answer, publish, let waiting ops in. */
  committed(commit: Commit): void;
  /** Ops to be admitted again, from dedup on, in this order. */
  readmit(ops: readonly Op[], now: number): void;
  /** Meta records of the engine itself to go with a batch. */
  metaFor(batch: Batch): void;
  /** A node of a cluster tells the others: what a durable commit did to which partitions, from which place to which. */
  feed?(slices: readonly FeedSlice[]): void;
  /** Another node has decided some of these facts otherwise; they are known here by now (CLU-25). */
  contradicted?(names: readonly string[], now: number): void;
  /** What rows tell to addresses outside, to go with them; of maps that memory alone keeps nothing is told. */
  outbox?(): Pick<Outbox, 'deliveriesOf' | 'undone'>;
}

const RETRY_TIMER = 'readmit';
const FLUSH_TIMER = 'flush';

type Effects = Pick<ServerEffects, 'commit' | 'readDedup' | 'arm'>;

type State = 'IDLE' | 'FLUSHING' | 'SETTLING' | 'HOLDING' | 'ABANDONED';

/**
 * Group commit of one lane with one flush in flight (SRV-2). Ops stage into the open batch; a flush moves it below as a whole.
 *
 * FLUSHING waits for the store. An unknown result goes to SETTLING, which reads dedup rows to learn what became of the
 * batch, for a commit is stored as a whole or not at all. A batch that is certainly not stored takes everything staged
 * with it: what came later was decided on top of it. Then HOLDING, with a pause that doubles, and all ops are admitted
 * again, in order, from dedup on. Their offsets are not used again.
 */
export class Staging {
  readonly #effects: Effects;
  readonly #table: RecordTable;
  readonly #lane: Lane;
  readonly #limits: EngineLimits;
  readonly #ports: StagingPorts;
  #state: State = 'IDLE';
  #open = new Batch();
  #inFlight = new Batch();
  #slices: readonly PartitionSlice[] = [];
  readonly #held = new HeldOps();
  /** facts of a commit that was void for them */
  #contradicted: readonly string[] = [];
  #failures = 0;
  #isArmed = false;
  /** number of the last flush that began */
  flush = 0;
  commits = 0;
  failed = 0;
  unknown = 0;

  constructor(effects: Effects, table: RecordTable, lane: Lane, limits: EngineLimits, ports: StagingPorts) {
    this.#effects = effects;
    this.#table = table;
    this.#lane = lane;
    this.#limits = limits;
    this.#ports = ports;
  }

  /** Ops staged and not yet durable. */
  get staged(): number {
    return this.#open.ops.length + this.#inFlight.ops.length;
  }

  /** Ops that wait for the store to recover. */
  get held(): number {
    return this.#held.count;
  }

  /** Of both, about. */
  get bytes(): number {
    return this.#open.bytes + this.#inFlight.bytes + this.#held.bytes;
  }

  /** The store took nothing the last time, or has not said whether it did: what is staged may yet come to nothing (CLU-60). */
  get isFailing(): boolean {
    return this.#failures > 0 || this.#state === 'SETTLING';
  }

  /** Whether it is known what became of a flush, and taken in. */
  isSettled(flush: number): boolean {
    return flush < this.flush || this.#state === 'IDLE' || this.#state === 'HOLDING';
  }

  get isQuiet(): boolean {
    return this.#state === 'IDLE' && this.#open.isEmpty;
  }

  /** True while new ops must queue behind those of a failed flush: hand them to `hold`. */
  get isHolding(): boolean {
    return this.#state === 'HOLDING';
  }

  hold(op: Op): void {
    op.session.isWritten = true;
    this.#held.add(op);
  }

  /** Stages an op, whose entry is set, with the rows it puts. */
  stage(op: Op, rows: readonly Row[], now: number): void {
    this.#note(now);
    this.#open.ops.push(op);
    this.#open.bytes += op.bytes;
    op.session.isWritten = true;
    op.session.stage(op.seq, op);
    this.#stageRows(rows);
  }

  /** Stages rows that the node itself puts. A flush that fails takes them with it for good. */
  stageRows(rows: readonly Row[], now: number): void {
    this.#note(now);
    this.#stageRows(rows);
    this.#open.ownRows.push(...rows);
  }

  /** Stages purges; they go with the next commit that succeeds. */
  stagePurges(purges: readonly Purge[], now: number): void {
    this.#note(now);
    this.#open.purges.push(...purges);
  }

  /** `was`: what is known to stand there, of a fact that nodes decide once. */
  stageMeta(name: string, value: unknown, now: number, was?: { readonly value: unknown }): void {
    this.#note(now);
    this.#open.meta.set(name, value);
    // What stood before the first of several changes is what stands in the store.
    if (was !== undefined && !this.#open.claims.has(name)) this.#open.claims.set(name, was.value);
  }

  /** The dedup rows of a session go with the next commit. */
  stageForgotten(session: DedupSession<Op>, now: number): void {
    this.#note(now);
    this.#open.forgotten.push(session);
  }

  /** Starts a flush if one is due: enough ops, or the oldest waited long enough. */
  tick(now: number): void {
    if (this.#state !== 'IDLE' || this.#open.isEmpty) return;
    const waitMs = this.#open.sinceMs + this.#limits.flushDelayMs - now;
    if (waitMs <= 0 || this.#open.ops.length >= this.#limits.flushOps) this.#flush();
    else if (!this.#isArmed) {
      this.#isArmed = true;
      this.#effects.arm(FLUSH_TIMER, waitMs);
    }
  }

  /** Flushes what is open at the next tick, whatever its age. */
  hurry(): void {
    this.#open.sinceMs = 0;
  }

  timer(name: string, now: number): void {
    if (name === FLUSH_TIMER) {
      this.#isArmed = false;
      this.hurry();
    }
    if (name !== RETRY_TIMER || this.#state !== 'HOLDING') return;
    this.#state = 'IDLE';
    const ops = this.#held.take();
    const names = this.#contradicted;
    this.#contradicted = [];
    if (names.length > 0) this.#ports.contradicted?.(names, now);
    this.#ports.readmit(ops, now);
  }

  /** Whether something of these partitions is staged, or being flushed: dedup rows that only go, too. */
  isBusyWith(isAbout: (pid: number) => boolean): boolean {
    return this.#open.isAbout(isAbout) || this.#slices.some(({ pid }) => isAbout(pid));
  }

  /**
   * The partitions have another owner: what waits for the next flush is discarded, and its ops go there. What is being flushed is left
   * to the store, which lets a flush of one that lost its right come to nothing.
   */
  drop(isLost: (pid: number) => boolean, now: number): void {
    const lost = this.#open.part(isLost);
    this.#ports.readmit([...this.#held.takeOf(isLost), ...lost], now);
  }

  /**
   * The node has lost everything (CLU-2): nothing that is staged or on its way counts any more. Whatever the store says of a flush
   * that runs is not heard; the database tells what is durable.
   */
  abandon(now: number): void {
    const wasFlushing = this.#state === 'FLUSHING' || this.#state === 'SETTLING';
    const ops = [...this.#held.take(), ...this.#takeBack()];
    this.#open.purges.length = 0;
    this.#open.forgotten.length = 0;
    this.#state = wasFlushing ? 'ABANDONED' : 'IDLE';
    this.#ports.readmit(ops, now);
  }

  /** The store's word on a flush; one that is not awaited is ignored. */
  committed(id: number, result: CommitResult): void {
    if (id === this.flush && this.#state === 'ABANDONED') this.#state = 'IDLE';
    if (id !== this.flush || this.#state !== 'FLUSHING') return;
    if (result === 'committed') this.#succeed();
    else if (result === 'failed') this.#fail();
    else if (result === 'contradicted') this.#contradict();
    else {
      this.unknown++;
      const names = this.#inFlight.dedupNames();
      // Meta records alone leave no trace in dedup; staging them again does no harm.
      if (names.length === 0) this.#fail();
      else {
        this.#state = 'SETTLING';
        this.#effects.readDedup(id, names);
      }
    }
  }

  /** What the store remembers of the ops of an unknown commit: any one of them proves that all are stored. */
  dedupRead(id: number, states: readonly (DedupState | undefined)[]): void {
    if (id === this.flush && this.#state === 'ABANDONED') this.#state = 'IDLE';
    if (id !== this.flush || this.#state !== 'SETTLING') return;
    const staged = new Map(
      this.#inFlight.ops.map(({ entry, seq }) => [`${entry?.fingerprint}/${seq}`, entry]),
    );
    const isStored = states.some((state) => {
      return state?.entries.some(({ fingerprint, seq, epoch, n }) => {
        const entry = staged.get(`${fingerprint}/${seq}`);
        return entry !== undefined && entry.epoch === epoch && entry.n === n;
      });
    });
    if (isStored) this.#succeed();
    else this.#fail();
  }

  #stageRows(rows: readonly Row[]): void {
    for (const row of rows) {
      const map = this.#table.obtain(row.map);
      map.stage(row);
      this.#open.maps.add(map);
    }
  }

  #note(now: number): void {
    if (this.#open.isEmpty) this.#open.sinceMs = now;
  }

  #flush(): void {
    this.#ports.metaFor(this.#open);
    this.#inFlight = this.#open;
    this.#open = new Batch();
    // Who is alone decides alone.
    if (this.#ports.feed === undefined) this.#inFlight.claims.clear();
    const commit = this.#inFlight.toCommit(this.#lane, (rows) => {
      return this.#ports.outbox?.().deliveriesOf(rows) ?? [];
    });
    this.#slices = commit.slices;
    this.#state = 'FLUSHING';
    this.#effects.commit(++this.flush, commit);
  }

  #succeed(): void {
    const batch = this.#inFlight;
    this.#inFlight = new Batch();
    this.#state = 'IDLE';
    this.#failures = 0;
    this.commits++;
    const changes = new Map<MapState, Change[]>();
    for (const map of batch.maps) {
      const made: Change[] = [];
      for (const row of map.flushed()) {
        // Its partition was lost meanwhile, and who has it now is ahead.
        if ((row.slot?.committed?.epoch ?? 0) > row.epoch) continue;
        const old = this.#table.put(map, row);
        // Changes are for those who look at the map.
        if (map.readers > 0) made.push({ row, old });
      }
      changes.set(map, made);
    }
    this.#moveOn(batch.ops);
    const touched = new Map<MapState, Set<number>>();
    const writers = new Set<Connection>();
    for (const op of batch.ops) {
      const { session, entry, conn, joined } = op;
      session.unstage(op.seq);
      writers.add(conn);
      if (joined !== undefined) for (const other of joined) writers.add(other);
      if (entry === undefined) continue;
      session.remember(entry);
      if (entry.outcome !== OUTCOME.REJECTED) this.#touch(touched, op);
    }
    for (const { map, pid } of batch.ownRows) this.#touchMap(touched, map, pid);
    // Last, for an item may have been written anew in the same commit.
    for (const purge of batch.purges) this.#table.purge(this.#lane, purge);
    const { ops, meta, purges } = batch;
    for (const { name, value } of batch.deliveries) meta.set(name, value);
    this.#ports.committed({ ops, changes, touched, writers, meta, purges, lane: this.#lane });
  }

  /** The partitions of the commit have got on. */
  #moveOn(ops: readonly Op[]): void {
    const told: FeedSlice[] = [];
    const passed = this.#ports.feed && mapsPassed(ops);
    for (const { pid, high, records, gc } of this.#slices) {
      const partition = this.#lane.partition(pid);
      const from = partition.committed;
      if (compareOffsets(high, from) > 0) partition.committed = high;
      else if (gc === undefined) continue;
      if (passed === undefined) continue;
      const maps = passed(pid, records);
      told.push({ pid, from, to: high, records, ...(maps && { passed: maps }), ...(gc && { gc }) });
    }
    this.#slices = [];
    this.#ports.feed?.(told);
  }

  /** Notes where the op's maps have got to, for those who look at them. */
  #touch(touched: Map<MapState, Set<number>>, op: Op): void {
    for (let at = 0; at < op.writeCount; at++) {
      this.#touchMap(touched, mapOf(op, op.writeAt(at).mapIdx), op.pid);
    }
  }

  #touchMap(touched: Map<MapState, Set<number>>, name: string, pid: number): void {
    const map = this.#table.map(name);
    if (map === undefined || map.readers === 0) return;
    const pids = touched.get(map);
    if (pids?.has(pid)) return;
    map.reached.set(pid, this.#lane.partition(pid).committed);
    if (pids === undefined) touched.set(map, new Set([pid]));
    else pids.add(pid);
  }

  #fail(): void {
    this.failed++;
    this.#hold(
      this.#takeBack(),
      Math.min(this.#limits.retryCapMs, this.#limits.retryBaseMs * 2 ** this.#failures++),
    );
  }

  /** Nothing is stored, for the facts of the commit were decided elsewhere: what rests on them is done anew, with those that stand. */
  #contradict(): void {
    const names = [...this.#inFlight.claims.keys()];
    for (const { meta, claims } of [this.#inFlight, this.#open])
      for (const name of names) {
        meta.delete(name);
        claims.delete(name);
      }
    this.#hold(this.#takeBack(), 0);
    this.#contradicted = names;
  }

  /** Everything that is staged is as if it had not been; what is wanted whatever became of ops stays. Its ops, in order. */
  #takeBack(): Op[] {
    const batches = [this.#inFlight, this.#open];
    for (const { maps } of batches) for (const map of maps) map.discard();
    this.#ports.outbox?.().undone(this.#inFlight.deliveries);
    this.#inFlight = new Batch();
    this.#open = new Batch();
    this.#slices = [];
    const lost: Op[] = [];
    for (const { ops, meta, claims, forgotten, purges } of batches) {
      for (const op of ops) {
        op.session.unstage(op.seq);
        op.entry = undefined;
        lost.push(op);
      }
      // Facts about names, not about rows.
      for (const [name, value] of meta) this.#open.meta.set(name, value);
      for (const [name, was] of claims) if (!this.#open.claims.has(name)) this.#open.claims.set(name, was);
      this.#open.forgotten.push(...forgotten);
      this.#open.purges.push(...purges);
    }
    return lost;
  }

  #hold(ops: Op[], pauseMs: number): void {
    for (const op of ops) this.#held.add(op);
    this.#state = 'HOLDING';
    this.#effects.arm(RETRY_TIMER, pauseMs);
  }
}
