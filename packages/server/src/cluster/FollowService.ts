import { LIMITS } from '@topgun/protocol';
import type { ClusterSide } from '../engine/cluster/ClusterSide.js';
import type { ClusterEffects, Feed } from '../engine/cluster/ports.js';
import { serverError } from '../errors.js';
import type { CommitBatch, CommitResult, DedupRow, SharedStore } from '../storage/Store.js';
import type { Logger } from '../utils/logger.js';
import { type ClusterTime, IDLE_TIME } from './ClusterTime.js';
import { commitFrame, type FeedFrame, feedOf } from './feedFrames.js';
import { LookBook } from './LookBook.js';
import { lifeOver } from './lifeOver.js';
import { feedFrameOf } from './linkGuards.js';
import type { ClusterMap, NodeLinks, OwnerEngine } from './ports.js';
import { Questions } from './Questions.js';

export interface FollowParts {
  readonly name: string;
  readonly store: SharedStore;
  readonly links: NodeLinks;
  /** of the store as it was opened */
  readonly incarnation: string;
  /** Does something with the engine, as an input: a tick follows. Not before the engine has loaded what the store held. */
  readonly input: (run: (side: ClusterSide) => void) => void;
  /** A newer map, for those who send ops. */
  readonly onMap: (map: ClusterMap) => void;
  readonly logger: Logger;
  /** The node cannot go on: the store has begun another life. */
  readonly onStopped: (error: unknown) => void;
  readonly time?: ClusterTime;
}

/**
 * Stands between an engine and the other nodes: tells them what it commits, brings it what they commit, and where a link tells nothing
 * asks the database (CLU-14, CLU-20 to CLU-24). It holds no rule: what is missing, and what is known, the engine says.
 */
export class FollowService implements OwnerEngine, ClusterEffects {
  readonly #parts: FollowParts;
  readonly #looks: LookBook;
  readonly #questions: Questions;
  readonly #stopped = new AbortController();
  readonly #time: ClusterTime;
  #endPoll: () => void = () => undefined;
  /** epochs of partitions that are being taken over */
  readonly #wanted = new Map<number, number>();
  #owning = 0;
  /** numbers of the last flush that began, and of the last of which it is known what became of it */
  #begun = 0;
  #flushed = 0;
  #isFenced = false;
  #map: ClusterMap | undefined;
  #lookDue = false;
  #isFaulty = false;
  /** times that the database was asked how far it is */
  looks = 0;

  constructor(parts: FollowParts) {
    this.#parts = parts;
    this.#time = parts.time ?? IDLE_TIME;
    this.#looks = new LookBook(() => this.#look());
    this.#questions = new Questions(parts.links, () => ({
      isReady: this.#owning === 0,
      version: this.#map?.version ?? 0,
      flush: this.#begun,
      isSettled: (flush) => flush <= this.#flushed,
      isFenced: this.#isFenced,
    }));
    parts.links.read('feed', (_from, message) => this.#heard(feedFrameOf(message)));
    parts.links.onChange((node, isUp) => this.#linked(node, isUp));
    this.#pollLater();
  }

  stop(): void {
    this.#endPoll();
    this.#stopped.abort(serverError('SERVER_STATE', 'The server is stopping.'));
    this.#questions.stop();
  }

  /** Everything that was committed before the call is known here. Throws what the store throws. */
  caughtUp(): Promise<void> {
    return this.#looks.look();
  }

  /** For the host of the engine: a commit, and the revision of its facts. */
  async commit(batch: CommitBatch): Promise<{ readonly result: CommitResult; readonly revision: number }> {
    this.#begun++;
    const done = await this.#parts.store.commitShared(batch);
    // What others have decided is known before its ops are admitted anew (CLU-25).
    if (done.result === 'contradicted') await this.#patiently(() => this.#looks.look());
    return done;
  }

  // --- OwnerEngine ---

  async own(grants: readonly { readonly pid: number; readonly epoch: number }[]): Promise<void> {
    for (const { pid, epoch } of grants) this.#wanted.set(pid, epoch);
    this.#isFenced = false;
    this.#owning++;
    try {
      await this.#patiently(() => this.#takeOver(grants.map(({ pid }) => pid)));
      this.#parts.input((side) => {
        // Some may have been lost again meanwhile.
        const still = grants.filter(({ pid, epoch }) => this.#wanted.get(pid) === epoch);
        for (const { pid } of still) this.#wanted.delete(pid);
        side.own(still);
        this.#tellStanding(side);
      });
    } finally {
      this.#owning--;
      this.#questions.review();
    }
  }

  release(pids: readonly number[]): Promise<void> {
    return new Promise((resolve) => this.#parts.input((side) => side.release(pids, resolve)));
  }

  resume(pids: readonly number[]): void {
    this.#parts.input((side) => side.resume(pids));
  }

  lost(pids: readonly number[]): void {
    for (const pid of pids) this.#wanted.delete(pid);
    this.#parts.input((side) => side.lost(pids));
  }

  fenced(): void {
    this.#wanted.clear();
    this.#isFenced = true;
    this.#parts.input((side) => side.fenced());
    this.#questions.review();
  }

  mapChanged(map: ClusterMap): void {
    this.#map = map;
    this.#parts.onMap(map);
    this.#questions.review();
  }

  // --- what the engine asks for ---

  feed(feed: Feed): void {
    const { links } = this.#parts;
    if (links.up.size > 0) links.broadcast('feed', commitFrame(feed));
  }

  look(): void {
    if (this.#lookDue) return;
    this.#lookDue = true;
    // What is missing is mostly on its way.
    this.#time.after(LIMITS.clusterGapMs, () => {
      this.#lookDue = false;
      let isBehind = false;
      this.#parts.input((side) => {
        isBehind = side.isBehind;
      });
      if (isBehind) void this.#lookQuietly();
    });
  }

  flushed(flush: number): void {
    this.#flushed = flush;
    this.#questions.review();
  }

  lookFor(call: number): void {
    const told = (isKnown: boolean): void => this.#parts.input((side) => side.lookDone(call, isKnown));
    this.#looks.look().then(
      () => told(true),
      () => told(false),
    );
  }

  ask(round: number): void {
    let isLate = false;
    this.#time.after(LIMITS.clusterBarrierMs, () => {
      isLate = true;
      this.#parts.input((side) => side.unknown(round));
    });
    // One connection that is lost proves nothing: what the database has may be heard with the next.
    void this.#patiently(
      () => this.#askAll(),
      () => isLate,
    ).then(
      () => this.#parts.input((side) => side.known(round)),
      // Those who waited are served with what the node knows; or the service stops.
      () => undefined,
    );
  }

  /** Resolves when all that was committed before has reached this node or is named to it. */
  async #askAll(): Promise<void> {
    const asked = await this.#questions.ask();
    // Of what was under way when this node was fenced others may have heard more, and what it takes over it may not have read.
    const isBehind = this.#isFenced || this.#owning > 0;
    if (isBehind || !asked.isSure || !this.#isEverybody(asked.nodes, asked.version)) await this.#looks.look();
  }

  /** Whether these are all the nodes that may have committed something, as far as the newest map that anybody has knows them. */
  #isEverybody(nodes: ReadonlySet<string>, version: number): boolean {
    const map = this.#map;
    const { name } = this.#parts;
    if (map === undefined || map.version < version) return false;
    const isHere = (node: string | undefined): boolean =>
      node !== undefined && (node === name || nodes.has(node));
    return map.nodes.every((node) => isHere(node.name)) && map.owners.every(({ node }) => isHere(node));
  }

  #pollLater(): void {
    this.#endPoll = this.#time.after(LIMITS.clusterPollMs, () => {
      this.#pollLater();
      this.#pollIfNeeded();
    });
  }

  #pollIfNeeded(): void {
    // Before there is a map nobody else owns anything.
    if (this.#map !== undefined && !this.#isEverybody(this.#parts.links.up, 0)) void this.#lookQuietly();
    else this.look();
  }

  #heard(frame: FeedFrame): void {
    this.#parts.input((side) => {
      if (frame.say === 'commit') side.followed(feedOf(frame));
      else side.heard(frame.places, frame.revision);
    });
  }

  #linked(node: string, isUp: boolean): void {
    this.#questions.review();
    // What was fed while there was no link is lost: so that it is missed, it is named.
    if (isUp)
      this.#parts.input((side) => {
        this.#parts.links.send(node, 'feed', { say: 'standing', ...side.standing() } satisfies FeedFrame);
      });
  }

  #tellStanding(side: ClusterSide): void {
    this.#parts.links.broadcast('feed', { say: 'standing', ...side.standing() } satisfies FeedFrame);
  }

  async #takeOver(pids: readonly number[]): Promise<void> {
    await this.#looks.look();
    await readEach(pids, async (pid) => {
      const rows: DedupRow[] = [];
      await this.#parts.store.scanDedup(pid, (row) => rows.push(row));
      this.#parts.input((side) => side.remember(pid, rows));
    });
  }

  async #lookQuietly(): Promise<void> {
    try {
      await this.#looks.look();
      this.#isFaulty = false;
    } catch (error) {
      if (!this.#isFaulty) this.#parts.logger.warn({ err: error }, 'the database cannot be followed');
      this.#isFaulty = true;
    }
  }

  /** Reads what the database has and this node does not. */
  async #look(): Promise<void> {
    const { store, input, incarnation, onStopped } = this.#parts;
    this.looks++;
    let revision = 0;
    input((side) => {
      revision = side.revision;
    });
    const state = await store.sharedState(revision);
    if (state.incarnation !== incarnation) {
      const error = lifeOver();
      onStopped(error);
      throw error;
    }
    let lacking: readonly number[] = [];
    let hasMissed = false;
    input((side) => {
      lacking = side.looked(state);
      hasMissed = [...state.partitions].some(([pid, place]) => side.hasMissed(pid, place));
    });
    if (hasMissed) {
      const error = serverError(
        'STORE_STOPPED',
        'This node was cut off for longer than deletions are kept: it has to begin anew.',
      );
      onStopped(error);
      throw error;
    }
    await readEach(lacking, async (pid) => {
      const place = state.partitions.get(pid);
      if (place !== undefined) await this.#fill(pid, place);
    });
  }

  async #fill(pid: number, place: Parameters<ClusterSide['lacks']>[1]): Promise<void> {
    const { store, input } = this.#parts;
    for (let isAll = false; !isAll; ) {
      let from = { epoch: 0, n: 0 };
      input((side) => {
        from = side.placeOf(pid);
      });
      const records = await store.changesSince(pid, from, LIMITS.clusterFillRows);
      isAll = records.length < LIMITS.clusterFillRows;
      input((side) => side.filled(pid, records, isAll ? place : undefined));
    }
  }

  /** Asks until it is answered, or nobody waits for it any more. */
  async #patiently(ask: () => Promise<void>, isOver = () => false): Promise<void> {
    for (let round = 0; ; round++) {
      try {
        return await ask();
      } catch (error) {
        if (this.#stopped.signal.aborted || isOver()) throw error;
        this.#parts.logger.warn({ err: error }, 'the database does not answer; asked again');
      }
      const pauseMs = Math.min(LIMITS.databaseRetryMs * 2 ** round, LIMITS.databaseRetryMsMax);
      await this.#rest(pauseMs);
    }
  }

  /** Waits; rejects when the service stops. */
  #rest(ms: number): Promise<void> {
    const { signal } = this.#stopped;
    return new Promise((resolve, reject) => {
      const stopped = (): void => {
        callOff();
        reject(signal.reason);
      };
      const callOff = this.#time.after(ms, () => {
        signal.removeEventListener('abort', stopped);
        resolve();
      });
      signal.addEventListener('abort', stopped, { once: true });
    });
  }
}

/** Does it for each partition, a few at a time. */
async function readEach(pids: readonly number[], read: (pid: number) => Promise<void>): Promise<void> {
  const left = [...pids];
  const line = async (): Promise<void> => {
    for (let pid = left.pop(); pid !== undefined; pid = left.pop()) await read(pid);
  };
  await Promise.all(Array.from({ length: LIMITS.clusterFillReads }, line));
}
