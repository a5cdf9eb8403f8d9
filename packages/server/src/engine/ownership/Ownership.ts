import type { ClusterMap } from '../../cluster/ports.js';
import { coordination, isOpen, nextAt, nextHandOver } from './decisions.js';
import { firstState, type Giving, type OwnershipState } from './OwnershipState.js';
import type {
  Grant,
  HandOver,
  OwnershipBounds,
  OwnershipEffects,
  OwnershipReply,
  OwnershipRequest,
  RenewReply,
  Replies,
} from './ports.js';

/** A silence of the database for more than this part of a lease may hide that leases have run out. */
const BLIND = 0.5;

/**
 * What a node does about its membership and its partitions (docs/specs/cluster.md, CLU-1 to CLU-16): a machine that has no clock and asks
 * nobody itself. Every input changes the state; then one function looks at all of it and says what follows.
 *
 * What it relies on: a partition is its own from the moment the database says so until it gave it away itself, or believes itself alive no
 * longer. For in between nobody else can have it: the lease in the database lives longer than the belief (CLU-2), only an owner gives away
 * (CLU-13), and only the partitions of a node whose lease ran out are taken over (CLU-12). What it learns late, twice or never must not
 * matter: maps have versions, questions have numbers, and a hand-over of which nothing was heard is made void before anything goes on.
 */
export class Ownership {
  readonly #node: string;
  readonly #boot: string;
  readonly #bounds: OwnershipBounds;
  readonly #effects: OwnershipEffects;
  /** plain data: the whole memory of the machine */
  readonly state: OwnershipState;

  constructor(
    node: string,
    boot: string,
    bounds: OwnershipBounds,
    effects: OwnershipEffects,
    state = firstState(),
  ) {
    this.#node = node;
    this.#boot = boot;
    this.#bounds = bounds;
    this.#effects = effects;
    this.state = state;
  }

  get isMember(): boolean {
    const { phase } = this.state;
    return phase === 'JOINING' || phase === 'ACTIVE' || phase === 'DRAINING';
  }

  /** Whether it may act as the owner of a partition at this time: to be asked whenever it does, for a timer may come late. */
  owns(pid: number, now: number): boolean {
    const { aliveUntilAt, holds, giving } = this.state;
    if (!this.isMember || now >= aliveUntilAt || holds.get(pid)?.isTaken !== true) return false;
    // Once the database was told, it may be somebody else's before this node hears of it.
    return giving === undefined || isOpen(giving) || !giving.pids.includes(pid);
  }

  // --- inputs; `now` is monotonic, ms ---

  /** Time has passed. The first one begins to join. */
  tick(now: number): void {
    this.#settle(now);
  }

  /** The node holds every record and follows its peers; once said it stays so (CLU-3). */
  loaded(now: number): void {
    this.state.isLoaded = true;
    this.#settle(now);
  }

  /** Gives its partitions away and takes none any more; answered by `drained`. */
  drain(now: number): void {
    if (this.state.wants === 'serve') this.state.wants = 'drain';
    this.#settle(now);
  }

  /** Is no member any more; answered by `left`. Nothing is staged here any more. */
  leave(now: number): void {
    const { state } = this;
    state.wants = 'leave';
    if (this.isMember) {
      this.#lose([...state.holds.keys()]);
      this.#forget();
      state.phase = 'LEAVING';
    } else if (state.phase === 'OUT') this.#ended();
    this.#settle(now);
  }

  /** Somebody has seen a map of this version. */
  hinted(version: number, now: number): void {
    if (version > this.state.map.version) this.#look(now);
    this.#settle(now);
  }

  /** The store says that the number of its fence is not good any more. */
  fenceLost(now: number): void {
    if (this.isMember) this.#fence(now);
    this.#settle(now);
  }

  /** Nothing of what was to be released is under way any more. */
  released(call: number, now: number): void {
    const { giving } = this.state;
    if (giving?.call === call && giving.stage === 'RELEASING')
      this.state.giving = { ...giving, stage: 'READY' };
    this.#settle(now);
  }

  /** The engine takes ops in for these. */
  owned(grants: readonly Grant[], now: number): void {
    for (const { pid, epoch } of grants)
      if (this.state.holds.get(pid)?.epoch === epoch) this.state.holds.set(pid, { epoch, isTaken: true });
    this.#settle(now);
  }

  /** Hand-overs that were put off are tried now. */
  rebalance(now: number): void {
    this.state.giveAt = now;
    this.#look(now);
    this.#settle(now);
  }

  /** The database has answered; without an answer it is not known what was done. An answer to what is not asked any more is passed over. */
  answered(call: number, answer: OwnershipReply | undefined, now: number): void {
    const { state } = this;
    if (state.pulse?.call === call) {
      const { request, sentAt, isLate } = state.pulse;
      state.pulse = undefined;
      if (answer === undefined) state.pulseAt = now + this.#bounds.retryMs;
      else if (request.type === 'join' && answer.type === 'join')
        this.#joined(answer.reply, request.state, sentAt, now);
      else if (answer.type === 'renew') {
        if (!isLate) state.isStale = false;
        this.#renewed(answer.reply, sentAt, now);
      }
    } else if (state.work?.call === call) {
      const { request } = state.work;
      state.work = undefined;
      if (answer === undefined) this.#unanswered(request, now);
      else this.#done(answer, request, now);
    }
    this.#settle(now);
  }

  // --- answers ---

  #joined(reply: Replies['join'], phase: 'JOINING' | 'ACTIVE', sentAt: number, now: number): void {
    const { state } = this;
    if (reply === undefined || 'refused' in reply) {
      state.pulseAt = now + this.#bounds.retryMs;
      if (reply !== undefined) this.#effects.refused(reply.refused);
      return;
    }
    state.phase = phase;
    state.sinceVersion = reply.version;
    state.aliveUntilAt = sentAt + this.#bounds.fenceMs;
    this.#effects.joined(reply.fence);
    this.#heard(now);
    this.#look(now);
  }

  #renewed(reply: RenewReply, sentAt: number, now: number): void {
    const { state } = this;
    if (!this.isMember) return;
    if (reply === 'gone') {
      this.#fence(now);
      return;
    }
    state.aliveUntilAt = Math.max(state.aliveUntilAt, sentAt + this.#bounds.fenceMs);
    state.leads = reply.leads;
    state.coordinator = reply.coordinator;
    state.leases = reply.leases;
    this.#heard(now);
    if (reply.map !== undefined) this.#see(reply.map);
    // Whoever is next to be silent for too long is looked at when that is so.
    for (const { name, leftMs } of reply.leases)
      if (name !== this.#node && leftMs > 0) state.pulseAt = Math.min(state.pulseAt, now + leftMs);
  }

  /** CLU-5: leases may have run out while the database was not heard of, of nodes that live. */
  #heard(now: number): void {
    const { state } = this;
    const { leaseMs } = this.#bounds;
    if (now - state.heardAt > leaseMs * BLIND) state.graceUntilAt = now + leaseMs;
    state.heardAt = now;
  }

  #see(map: ClusterMap): void {
    const { state } = this;
    if (map.version <= state.map.version) return;
    state.map = map;
    this.#effects.mapChanged(map);
    if (map.version < state.sinceVersion) return;
    // An operator may have said so, at any node.
    const self = map.nodes.find(({ name, boot }) => name === this.#node && boot === this.#boot);
    if (self?.state === 'DRAINING' && this.isMember) {
      state.phase = 'DRAINING';
      if (state.wants === 'serve') state.wants = 'drain';
    }
    const grants: Grant[] = [];
    const lost: number[] = [];
    for (const { pid, epoch, node, boot } of map.owners) {
      const isMine = node === this.#node && boot === this.#boot;
      const held = state.holds.get(pid);
      if (isMine && held?.epoch === epoch) continue;
      if (held !== undefined) lost.push(pid);
      state.holds.delete(pid);
      if (isMine) grants.push({ pid, epoch });
    }
    this.#lose(lost);
    if (grants.length === 0) return;
    for (const { pid, epoch } of grants) state.holds.set(pid, { epoch, isTaken: false });
    this.#effects.own(grants);
  }

  #done(answer: OwnershipReply, request: OwnershipRequest, now: number): void {
    const { state } = this;
    this.#look(now);
    switch (answer.type) {
      case 'state':
        if (!answer.reply) this.#fence(now);
        else if (request.type === 'state' && this.isMember) state.phase = request.state;
        return;
      case 'handOver':
        if (request.type === 'handOver') this.#given(answer.reply, request, now);
        return;
      case 'takeOver':
        // It lives after all: the next look shows it.
        if (!answer.reply) state.workAt = now + this.#bounds.retryMs;
        return;
      case 'leave':
        this.#ended();
        return;
      default:
    }
  }

  #unanswered(request: OwnershipRequest, now: number): void {
    const { state } = this;
    state.workAt = now + this.#bounds.retryMs;
    this.#look(now);
    if (request.type === 'handOver' && state.giving !== undefined)
      state.giving = { ...state.giving, stage: 'UNSURE' };
  }

  /** The word about a hand-over: what was given went to the target; of what was unsure all that is ours is ours anew, at a higher epoch. */
  #given(reply: Replies['handOver'], { pids, epochs }: HandOver, now: number): void {
    const { state } = this;
    const { giving } = state;
    if (giving === undefined) return;
    if (reply === undefined) state.giveAt = now + this.#bounds.handOverMs;
    else state.sinceVersion = Math.max(state.sinceVersion, reply.version);
    state.giving = undefined;
    // What a map that was seen before this word has made its own anew, has another epoch, and stays.
    const held = pids.filter((pid, at) => state.holds.get(pid)?.epoch === epochs[at]);
    const isGone = (pid: number): boolean => giving.stage === 'UNSURE' || reply?.given.includes(pid) === true;
    const gone = held.filter(isGone);
    for (const pid of gone) state.holds.delete(pid);
    this.#lose(gone);
    this.#resume(held.filter((pid) => !isGone(pid)));
  }

  // --- what follows ---

  #settle(now: number): void {
    const { state } = this;
    if (this.isMember && now >= state.aliveUntilAt) this.#fence(now);
    this.#pulse(now);
    if (this.isMember) this.#give(now);
    if (state.work === undefined) {
      const request = this.#nextWork(now);
      if (request !== undefined) this.#ask('work', request, now);
    }
    this.#drained();
    this.#effects.arm(nextAt(state, this.isMember, this.#bounds.handOverMs, now));
  }

  /** Asks to join, or to have the lease renewed. */
  #pulse(now: number): void {
    const { state } = this;
    if (state.pulse !== undefined || now < state.pulseAt) return;
    if (state.phase === 'OUT') {
      const isReady = state.isLoaded && state.wants === 'serve';
      const join = { type: 'join', number: ++state.joins, state: isReady ? 'ACTIVE' : 'JOINING' } as const;
      this.#ask('pulse', join, now);
    } else if (this.isMember) this.#ask('pulse', { type: 'renew', known: state.map.version }, now);
    else return;
    state.pulseAt = now + this.#bounds.heartbeatMs;
  }

  /** Begins a hand-over, or puts one off that takes too long. */
  #give(now: number): void {
    const { state } = this;
    const { giving } = state;
    if (giving === undefined) {
      const next = now < state.giveAt ? undefined : nextHandOver(state, this.#node, this.#bounds.handOvers);
      if (next === undefined) return;
      const call = ++state.calls;
      state.giving = { ...next, stage: 'RELEASING', call, sinceAt: now };
      this.#effects.release(call, next.pids);
    } else if (isOpen(giving) && now >= giving.sinceAt + this.#bounds.handOverMs) {
      state.giving = undefined;
      state.giveAt = now + this.#bounds.handOverMs;
      this.#resume(giving.pids.filter((pid) => state.holds.has(pid)));
    }
  }

  #nextWork(now: number): OwnershipRequest | undefined {
    const { state } = this;
    const { giving } = state;
    if (state.phase === 'LEAVING') return now < state.workAt ? undefined : { type: 'leave' };
    if (!this.isMember) return undefined;
    if (giving?.stage === 'READY') {
      state.giving = { ...giving, stage: 'ASKED' };
      return this.#handOver(giving, giving.target);
    }
    if (now < state.workAt) return undefined;
    if (giving?.stage === 'UNSURE') return this.#handOver(giving, this.#node);
    if (state.wants === 'drain' && state.phase !== 'DRAINING') return { type: 'state', state: 'DRAINING' };
    if (state.phase === 'JOINING' && state.isLoaded) return { type: 'state', state: 'ACTIVE' };
    return coordination(state, this.#node, now);
  }

  #handOver({ pids }: Giving, target: string): OwnershipRequest {
    const held = pids.filter((pid) => this.state.holds.has(pid));
    return {
      type: 'handOver',
      pids: held,
      epochs: held.map((pid) => this.state.holds.get(pid)?.epoch ?? 0),
      target,
    };
  }

  #drained(): void {
    const { state } = this;
    if (state.isDrained || state.wants !== 'drain') return;
    const isNobodyThere = !state.leases.some(({ name, leftMs }) => name !== this.#node && leftMs > 0);
    const hasGiven = state.holds.size === 0 && state.giving === undefined;
    if (this.isMember && (state.phase !== 'DRAINING' || state.isStale || !(hasGiven || isNobodyThere)))
      return;
    state.isDrained = true;
    this.#effects.drained();
  }

  // --- small steps ---

  #ask(line: 'pulse' | 'work', request: OwnershipRequest, now: number): void {
    const { state } = this;
    const call = ++state.calls;
    state[line] = { call, request, sentAt: now, isLate: false };
    this.#effects.ask(call, line, request);
  }

  /** Wants to see the map as it is from now on. */
  #look(now: number): void {
    const { state } = this;
    state.isStale = true;
    state.pulseAt = now;
    if (state.pulse !== undefined) state.pulse = { ...state.pulse, isLate: true };
  }

  /** Owns nothing any more, and joins anew (CLU-2). */
  #fence(now: number): void {
    this.#forget();
    this.state.phase = 'OUT';
    this.#look(now);
    this.#effects.fenced();
  }

  /** What is under way is of no concern any more; its answers are passed over. */
  #forget(): void {
    const { state } = this;
    state.holds.clear();
    state.giving = undefined;
    state.leads = false;
    state.leases = [];
    state.pulse = undefined;
    state.work = undefined;
  }

  #ended(): void {
    this.state.phase = 'LEFT';
    this.#effects.left();
  }

  #lose(pids: readonly number[]): void {
    if (pids.length > 0) this.#effects.lost(pids);
  }

  #resume(pids: readonly number[]): void {
    if (pids.length > 0) this.#effects.resume(pids);
  }
}
