import type { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { Ownership } from '../engine/ownership/Ownership.js';
import type { OwnershipBounds, OwnershipReply, OwnershipRequest } from '../engine/ownership/ports.js';
import { serverError } from '../errors.js';
import type { Logger } from '../utils/logger.js';
import { MembershipCounts } from './ClusterFigures.js';
import { type ClusterStatus, statusOf } from './ClusterStatus.js';
import { type ClusterTime, SYSTEM_TIME } from './ClusterTime.js';
import { PartitionService } from './PartitionService.js';
import type { OwnerEngine } from './ports.js';

export const OWNERSHIP_BOUNDS: OwnershipBounds = {
  leaseMs: LIMITS.clusterLeaseMs,
  heartbeatMs: LIMITS.clusterHeartbeatMs,
  fenceMs: LIMITS.clusterFenceMs,
  handOverMs: LIMITS.clusterHandOverMs,
  retryMs: LIMITS.clusterRetryMs,
  handOvers: LIMITS.clusterHandOvers,
};

/** What a manager asks: `ClusterDatabase`. */
export interface ClusterStore {
  /** Never rejects; without an answer it is undefined. */
  ask(line: 'pulse' | 'work', request: OwnershipRequest): Promise<OwnershipReply | undefined>;
  /** Writes down that a start of a node drains; false: it is not there any more. Throws STORE_UNREACHABLE. */
  setDraining(node: string, boot: string): Promise<boolean>;
  close(): void;
}

export interface ClusterManagerParts {
  readonly name: string;
  readonly boot: string;
  readonly database: ClusterStore;
  readonly engine: OwnerEngine;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  /** A member, maybe anew: commits show this number of the fence from now on, whose holder is the boot. */
  readonly onJoined: (fence: number) => void;
  /** The node cannot go on. */
  readonly onFatal: (error: unknown) => void;
  readonly bounds?: OwnershipBounds;
  readonly time?: ClusterTime;
  /** how long `join` waits for a name that another has; default `LIMITS.clusterNameHeldMs` */
  readonly nameHeldMs?: number;
}

/** Something that somebody waits for until it is true. */
interface Waiting {
  readonly isDone: () => boolean;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The membership of a node: joins, renews its lease, fences itself, gives its partitions away, leaves (docs/specs/cluster.md). What it does
 * when is decided by `Ownership`; this gives that time and the database, and does what it says.
 */
export class ClusterManager {
  readonly partitions: PartitionService;
  readonly counts = new MembershipCounts();
  readonly #parts: ClusterManagerParts;
  readonly #machine: Ownership;
  readonly #time: ClusterTime;
  readonly #waiting = new Set<Waiting>();
  #disarm: () => void = () => undefined;
  #refusal: TopGunError | undefined;
  #hasJoined = false;
  #isDrained = false;
  #isStopped = false;

  constructor(parts: ClusterManagerParts) {
    const { name, boot, engine, logger, bounds = OWNERSHIP_BOUNDS, time = SYSTEM_TIME } = parts;
    this.#parts = parts;
    this.#time = time;
    const partitions = new PartitionService({
      engine,
      owns: (pid) => this.#machine.owns(pid, time.monoMs()),
      released: (call) => this.#input((machine, now) => machine.released(call, now)),
      owned: (grants) => this.#input((machine, now) => machine.owned(grants, now)),
      onFatal: (error) => this.#fail(error),
    });
    this.partitions = partitions;
    this.#machine = new Ownership(name, boot, bounds, {
      ask: (call, line, request) => this.#ask(call, line, request),
      arm: (at) => this.#arm(at),
      joined: (fence) => {
        this.#hasJoined = true;
        this.counts.joins++;
        logger.info({ node: name, boot, fence }, 'a member of the cluster');
        parts.onJoined(fence);
      },
      refused: (code) => this.#refused(code),
      fenced: () => {
        this.counts.fences++;
        logger.warn({ node: name, boot }, 'fenced itself: it owns nothing until it is a member again');
        partitions.fenced();
      },
      own: (grants) => partitions.own(grants),
      release: (call, pids) => partitions.release(call, pids),
      resume: (pids) => partitions.resume(pids),
      lost: (pids) => partitions.lost(pids),
      mapChanged: (map) => partitions.mapChanged(map),
      drained: () => {
        this.#isDrained = true;
      },
      left: () => logger.info({ node: name, boot }, 'left the cluster'),
    });
  }

  /**
   * Joins the cluster; resolves when the node is a member, which owns nothing yet. A name whose lease lives is waited for, for it may be that
   * of this node before it was killed. Throws NODE_NAME_TAKEN, CLUSTER_FULL, and SERVER_STATE when the manager is stopped before.
   */
  join(): Promise<void> {
    const { nameHeldMs = LIMITS.clusterNameHeldMs } = this.#parts;
    const joined = this.#until(() => this.#hasJoined);
    const late = this.#time.after(nameHeldMs, () => this.#fail(this.#refusal));
    this.#input((machine, now) => machine.tick(now));
    return joined.finally(late);
  }

  /** Every record is loaded, and the others are followed: the node may own partitions. Resolves when the database knows. */
  serve(): Promise<void> {
    this.#input((machine, now) => machine.loaded(now));
    return this.#until(() => this.#machine.state.phase === 'ACTIVE');
  }

  /** Gives all partitions away; resolves when that is done, or nobody is there to take them. */
  drain(): Promise<void> {
    this.#input((machine, now) => machine.drain(now));
    return this.#until(() => this.#isDrained);
  }

  /** Has a start of any node drain, by an operator's order. False: it is not there any more. Throws STORE_UNREACHABLE. */
  order(node: string, boot: string): Promise<boolean> {
    return this.#parts.database.setDraining(node, boot);
  }

  /** Is a member no longer, and frees what it owned; for whoever has nothing staged any more. Resolves when the database knows, or does not answer. */
  async leave(): Promise<void> {
    let isLate = false;
    const late = this.#time.after(LIMITS.clusterPulseMs, () => {
      isLate = true;
      this.#look();
    });
    this.#input((machine, now) => machine.leave(now));
    await this.#until(() => isLate || this.#machine.state.phase === 'LEFT').finally(late);
  }

  /** No input, no timer and no question any more. What the database knows of the node stays. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#disarm();
    this.#parts.database.close();
    const error = serverError('SERVER_STATE', 'The node was stopped.');
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
  }

  /** Somebody made this version of the map. */
  hinted(version: number): void {
    this.#input((machine, now) => machine.hinted(version, now));
  }

  /** A commit was void, for the number of the fence was another one. */
  fenceLost(): void {
    this.#input((machine, now) => machine.fenceLost(now));
  }

  /** Hand-overs that were put off are tried at once. */
  rebalance(): void {
    this.#input((machine, now) => machine.rebalance(now));
  }

  /** Fences the node if it is late: to be called after it may have stood still, before anything else is done. */
  check(): void {
    const { state, isMember } = this.#machine;
    if (isMember && this.#time.monoMs() >= state.aliveUntilAt)
      this.#input((machine, now) => machine.tick(now));
  }

  status(): ClusterStatus {
    return statusOf(this.#machine, this.#parts.name, this.#parts.boot, this.#time.monoMs());
  }

  #input(run: (machine: Ownership, now: number) => void): void {
    if (this.#isStopped) return;
    try {
      run(this.#machine, this.#time.monoMs());
    } catch (error) {
      this.#fail(error);
    }
    this.#look();
  }

  #ask(call: number, line: 'pulse' | 'work', request: OwnershipRequest): void {
    if (this.#isStopped) return;
    const { database } = this.#parts;
    void database.ask(line, request).then((answer) => {
      this.#count(request, answer);
      this.#input((machine, now) => machine.answered(call, answer, now));
    });
  }

  #count(request: OwnershipRequest, answer: OwnershipReply | undefined): void {
    const { counts } = this;
    if (answer?.type === 'takeOver' && answer.reply) counts.takeOvers++;
    // To itself: what was said before is void.
    const isGiven = request.type === 'handOver' && request.target !== this.#parts.name;
    if (isGiven && answer?.type === 'handOver') counts.handedOver += answer.reply?.given.length ?? 0;
  }

  #arm(at: number): void {
    this.#disarm();
    if (this.#isStopped || !Number.isFinite(at)) return;
    this.#disarm = this.#time.after(at - this.#time.monoMs(), () =>
      this.#input((machine, now) => machine.tick(now)),
    );
  }

  #refused(code: 'NODE_NAME_TAKEN' | 'CLUSTER_FULL'): void {
    const { name } = this.#parts;
    const isTaken = code === 'NODE_NAME_TAKEN';
    const refusal = serverError(
      code,
      isTaken
        ? `Another server is the node ${name} of this cluster.`
        : `The cluster has ${LIMITS.clusterNodes} nodes already.`,
    );
    this.#refusal = refusal;
    // Who is out for a moment only has nobody to wait for.
    if (this.#hasJoined || !isTaken) this.#fail(refusal);
  }

  /** Resolves when it is so. */
  #until(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.add({ isDone, resolve, reject });
      this.#look();
    });
  }

  #look(): void {
    for (const waiting of this.#waiting) {
      if (!waiting.isDone()) continue;
      this.#waiting.delete(waiting);
      waiting.resolve();
    }
  }

  #fail(error: unknown): void {
    if (this.#isStopped || error === undefined) return;
    const isStarting = !this.#hasJoined;
    for (const { reject } of this.#waiting) reject(error);
    this.#waiting.clear();
    this.stop();
    if (!isStarting) this.#parts.onFatal(error);
  }
}
