import {
  compareOffsets,
  type DedupRow,
  type PartitionPlace,
  type SharedState,
  type StoreBoot,
  type StoredRecord,
} from '../../storage/Store.js';
import type { Commit } from '../Commit.js';
import type { Connection } from '../Connection.js';
import type { Cursors } from '../Cursors.js';
import type { Op } from '../Op.js';
import type { OwnerClock } from '../OwnerClock.js';
import { type Partition, START } from '../Partition.js';
import type { RollbackProof, ServerEffects, Verdict } from '../ports.js';
import { type Hearers, publish } from '../publish.js';
import type { Reaper } from '../Reaper.js';
import { mapOfMetaName } from '../RecordTable.js';
import type { Retention } from '../Retention.js';
import type { Staging } from '../Staging.js';
import { Barrier } from './Barrier.js';
import { FactLine } from './FactLine.js';
import { Following } from './Following.js';
import { isForwarded } from './forwardedItems.js';
import { type ForwardingMachines, forwardingPorts } from './forwardingPorts.js';
import type { OpForwarding } from './OpForwarding.js';
import type { ClusterOptions, Feed, FeedSlice } from './ports.js';

export interface ClusterParts extends Hearers, ForwardingMachines {
  readonly effects: Pick<ServerEffects, 'send' | 'outboxStored'>;
  readonly clock: OwnerClock;
  readonly staging: Staging;
  readonly cursors: Cursors;
  readonly retention: Retention;
  readonly reaper: Reaper;
  /** what the engine was made with */
  readonly boot: StoreBoot;
  readonly connections: ReadonlyMap<number, Connection>;
}

interface Release {
  readonly pids: ReadonlySet<number>;
  readonly done: () => void;
}

const NOTHING: ReadonlyMap<string, unknown> = new Map<string, unknown>();
/** An hour: what was noted within the last day is not noted again. */
const NOTE_EVERY_MS = 3_600_000;
/** Facts that belong to one node: no other has a use for them. */
const OF_ONE_NODE = 'clock:';
/** Its owner sees to what belongs to no partition (CLU-26). */
export const KEEPER_PID = 0;

/**
 * What an engine has to do with the other nodes of its cluster: which partitions it owns, what it hears of the rest, and facts that all
 * share (CLU-14 to CLU-26). An engine without a cluster has none of it.
 */
export class ClusterSide {
  /** brings ops to the owners of their partitions */
  readonly forwarding: OpForwarding | undefined;
  readonly #parts: ClusterParts;
  readonly #options: ClusterOptions;
  readonly #following: Following;
  readonly #facts: FactLine;
  readonly #barrier: Barrier;
  #releases: Release[] = [];
  /** who waits for a look into the database */
  readonly #calls = new Map<number, () => void>();
  #call = 0;
  /** what the database had at the last look */
  #highs: ReadonlyMap<number, PartitionPlace> = new Map();
  #isJudging = false;
  #flushed = 0;
  #notedMs = 0;
  /** of the commit that is being told */
  #slices: readonly FeedSlice[] = [];

  constructor(options: ClusterOptions, parts: ClusterParts) {
    const { table, clock, boot, wall, bindings, sessions, connections } = parts;
    const look = (): void => options.effects.look();
    this.#parts = parts;
    this.#options = options;
    this.forwarding = options.forwarding;
    this.#following = new Following({
      table,
      clock,
      look,
      publish: (commit) => publish(parts, commit, wall.nowMs),
    });
    this.#facts = new FactLine(boot.revision ?? 0, { look, follow: (facts) => this.#follow(facts) });
    this.#barrier = new Barrier(options.effects, parts.staging, (conn, verdict) =>
      sessions().verified(conn, verdict, wall.nowMs),
    );
    bindings.onOther = (...other) => sessions().rebound([...connections.values()], ...other);
    for (const partition of table.durable.partitions) partition.isOwn = false;
    this.forwarding?.connect(forwardingPorts(parts));
  }

  // --- ownership ---

  /** Whether ops of a partition are taken in here. */
  isOwn(pid: number): boolean {
    return this.#partition(pid).isOwn;
  }

  /** The epoch that its offsets get here; that of the ownership (CLU-15). */
  epochOf(pid: number): number {
    return this.#partition(pid).epoch;
  }

  get isKeeper(): boolean {
    return this.isOwn(KEEPER_PID);
  }

  /** What the store remembers of ops of a partition, to be told before it is taken over. */
  remember(pid: number, rows: readonly DedupRow[]): void {
    for (const row of rows) this.#parts.dedup.load(pid, row);
  }

  /**
   * Ops of these partitions are taken in from now on, at these epochs. Everything that was committed before must be known here by now,
   * dedup rows included (CLU-14). Throws for an epoch that is not above the place of its partition.
   */
  own(grants: readonly { readonly pid: number; readonly epoch: number }[]): void {
    const { reaper, staging } = this.#parts;
    for (const { pid, epoch } of grants) {
      const partition = this.#partition(pid);
      if (partition.isOwn && partition.epoch === epoch) continue;
      if (epoch <= partition.committed.epoch)
        throw new Error(
          `Partition ${pid} was granted at epoch ${epoch}, and has got to epoch ${partition.committed.epoch}.`,
        );
      partition.epoch = epoch;
      // What is staged of an epoch before goes on counting in this one.
      if (!staging.isBusyWith((busy) => busy === pid)) partition.staged = 0;
      partition.isOwn = true;
      this.#following.forget(pid);
    }
    reaper.owned();
    this.#parts.effects.outboxStored?.(NOTHING);
    this.#options.elsewhere.opened(grants.map(({ pid }) => pid));
    this.#barrier.settle(this.#isBehind);
  }

  /** No more ops of these are taken in; `done` is called when nothing of them is staged or on its way to the store. */
  release(pids: readonly number[], done: () => void): void {
    for (const pid of pids) this.#partition(pid).isOwn = false;
    this.#parts.staging.hurry();
    this.#releases.push({ pids: new Set(pids), done });
  }

  /** A release is off: they go on at the epoch they had. */
  resume(pids: readonly number[]): void {
    for (const pid of pids) this.#partition(pid).isOwn = true;
    this.#releases = this.#releases.filter(({ pids: some }) => !pids.some((pid) => some.has(pid)));
    this.#options.elsewhere.opened(pids);
  }

  /** They are somebody else's. What is staged of them is discarded, and its ops go elsewhere (CLU-16). */
  lost(pids: readonly number[]): void {
    const some = new Set(pids);
    for (const pid of pids) this.#partition(pid).isOwn = false;
    this.#releases = this.#releases.filter(({ pids: others }) => !pids.some((pid) => others.has(pid)));
    this.#parts.staging.drop((pid) => some.has(pid), this.#parts.wall.nowMs);
    this.#parts.effects.outboxStored?.(NOTHING);
  }

  /** The node owns nothing any more, and what it has staged counts for nothing (CLU-2). */
  fenced(): void {
    const { table, staging, wall } = this.#parts;
    for (const partition of table.durable.partitions) partition.isOwn = false;
    this.#releases = [];
    staging.abandon(wall.nowMs);
    this.#parts.effects.outboxStored?.(NOTHING);
  }

  /** Ops that were elsewhere are admitted, from dedup on, in this order. */
  readmit(ops: readonly Op[]): void {
    this.#parts.admission.readmit(ops, this.#parts.wall.nowMs);
  }

  // --- what others hear of this node ---

  /** What a durable commit of this node did to its partitions; told with its facts. */
  moved(slices: readonly FeedSlice[]): void {
    this.#slices = slices;
  }

  /** A commit of this node is durable: others hear of it before anybody is answered. `revision`: of its facts, 0 = not known. */
  tell(commit: Commit, revision: number): void {
    const slices = this.#slices;
    this.#slices = [];
    const facts = [...commit.meta].filter(([name]) => !name.startsWith(OF_ONE_NODE));
    const told: Feed = commit.meta.size > 0 ? { slices, facts: { revision, facts } } : { slices };
    if (slices.length > 0 || told.facts !== undefined) this.#options.effects.feed(told);
    if (commit.meta.size === 0) return;
    if (revision === 0) this.#facts.take({ revision: 0, facts: [] });
    else this.#facts.mine(revision, commit.meta);
  }

  /**
   * Where this node stands in all partitions, and in its facts: told to a node whose link begins, and to all after a take-over. Of others'
   * partitions, too: their owner may be fenced, or gone, and have told nobody else.
   */
  standing(): {
    readonly places: readonly (readonly [pid: number, epoch: number, n: number])[];
    readonly revision: number;
  } {
    const places = this.#parts.table.durable.partitions.flatMap(({ pid, committed }) =>
      committed.epoch > 0 ? [[pid, committed.epoch, committed.n] as const] : [],
    );
    return { places, revision: this.#facts.revision };
  }

  // --- what this node hears of others ---

  /** A commit of another node. */
  followed({ slices, facts }: Feed): void {
    if (facts !== undefined) this.#facts.take(facts);
    this.#following.take(slices);
    this.#settle();
  }

  /** Another node says where it stands. */
  heard(places: Iterable<readonly [pid: number, epoch: number, n: number]>, revision: number): void {
    this.#facts.heard(revision);
    this.#following.heard([...places].map(([pid, epoch, n]) => [pid, { epoch, n }] as const));
  }

  /** The revision up to which facts are known. */
  get revision(): number {
    return this.#facts.revision;
  }

  /** What the database said, asked since `revision`; the partitions of which something is missing here. */
  looked({
    facts,
    revision,
    partitions,
  }: Pick<SharedState, 'facts' | 'revision' | 'partitions'>): readonly number[] {
    this.#highs = partitions;
    this.#facts.read(revision, facts);
    this.#settle();
    return [...partitions].flatMap(([pid, place]) => (this.lacks(pid, place) ? [pid] : []));
  }

  lacks(pid: number, place: PartitionPlace): boolean {
    return !this.isOwn(pid) && this.#following.lacks(pid, place);
  }

  /**
   * Whether deletions were purged that this node has not heard of: then nobody can tell it what is gone. Only a node that was cut off for
   * longer than deletions are kept has missed any.
   */
  hasMissed(pid: number, { gc }: PartitionPlace): boolean {
    const place = this.placeOf(pid);
    return !this.isOwn(pid) && place.epoch > 0 && gc !== undefined && compareOffsets(place, gc.offset) < 0;
  }

  /** How far a partition is known. */
  placeOf(pid: number): { readonly epoch: number; readonly n: number } {
    return this.#following.placeOf(pid);
  }

  /** The next changes of a partition, by rising offset; `place` with the last of them: where it stood before they were read. */
  filled(pid: number, records: readonly StoredRecord[], place: PartitionPlace | undefined): void {
    this.#following.filled(pid, records, place);
    this.#settle();
  }

  // --- sessions that begin ---

  /** Whether a session has to wait until the node knows everything that was committed before (CLU-23). */
  holds(conn: Connection, verdict: Verdict): boolean {
    // Clients of other nodes were held there.
    return !isForwarded(conn.id) && this.#barrier.holds(conn, verdict);
  }

  /** What was committed before this round of questions has been heard of; it is known when nothing is missing. */
  known(round: number): void {
    this.#barrier.answered(round);
    this.#settle();
  }

  /** The node serves those of a round who still wait with what it has: links or database do not answer (CLU-60). */
  unknown(round: number): void {
    this.#barrier.giveUp(round);
  }

  // --- places that clients name ---

  /** Calls back when everything is known that the database has by now: a place that lies ahead of this node is judged then (CLU-24). */
  afterLook(run: () => void): void {
    this.#calls.set(++this.#call, run);
    this.#options.effects.lookFor(this.#call);
  }

  /** The database was asked, or does not answer. */
  lookDone(call: number, isKnown: boolean): void {
    const run = this.#calls.get(call);
    this.#calls.delete(call);
    this.#isJudging = isKnown;
    run?.();
    this.#isJudging = false;
  }

  /** Whether the database itself does not reach a place that was told (INC-2). Not known outside of an answer to `afterLook`. */
  proves({ pid, told }: RollbackProof): boolean {
    return this.#isJudging && compareOffsets(told, this.#highs.get(pid)?.high ?? START) > 0;
  }

  /** Something that others have named is missing. */
  get isBehind(): boolean {
    return this.#isBehind;
  }

  /** What following the others has come to since the start. */
  get followCounts(): Pick<Following, 'gaps' | 'fromLinks' | 'fromDatabase'> & {
    readonly isBehind: boolean;
  } {
    const { gaps, fromLinks, fromDatabase } = this.#following;
    return { gaps, fromLinks, fromDatabase, isBehind: this.#isBehind };
  }

  /** The end of a turn. */
  tick(): void {
    this.#following.review();
    this.#barrier.tick();
    this.#settle();
    this.#tellFlushed();
    this.#noteClients();
    if (this.#releases.length === 0) return;
    const { staging } = this.#parts;
    this.#releases = this.#releases.filter(({ pids, done }) => {
      if (staging.isBusyWith((pid) => pids.has(pid))) {
        staging.hurry();
        return true;
      }
      done();
      return false;
    });
  }

  #tellFlushed(): void {
    const { staging } = this.#parts;
    const settled = staging.isSettled(staging.flush) ? staging.flush : staging.flush - 1;
    if (settled === this.#flushed) return;
    this.#flushed = settled;
    this.#options.effects.flushed?.(settled);
  }

  /** Who stays connected for long is no client that others may forget, and they see only what is noted. */
  #noteClients(): void {
    const { wall, connections, bindings } = this.#parts;
    if (wall.nowMs - this.#notedMs < NOTE_EVERY_MS) return;
    this.#notedMs = wall.nowMs;
    for (const { phase, clientId, principal } of connections.values())
      if (phase === 'READY' && principal !== undefined) bindings.seen(clientId, principal.sub, wall.nowMs);
  }

  get #isBehind(): boolean {
    return this.#following.isBehind || this.#facts.isBehind;
  }

  #settle(): void {
    this.#barrier.settle(this.#isBehind);
  }

  #follow(facts: ReadonlyMap<string, unknown>): void {
    const { table, retention, reaper, cursors, repairs, policies, outbox, admission, wall } = this.#parts;
    const now = wall.nowMs;
    const maps: string[] = [];
    for (const [name, value] of facts) {
      const map = mapOfMetaName(name);
      if (map !== undefined) {
        table.followed(map, value);
        maps.push(name);
      }
      retention.follow(name, value, now);
      reaper.follow(name, value, now);
      cursors.follow(name, value);
      repairs.follow(name, value);
      policies.follow(name, value);
    }
    outbox.committed(facts);
    admission.followed(maps, now);
  }

  #partition(pid: number): Partition {
    return this.#parts.table.durable.partition(pid);
  }
}
