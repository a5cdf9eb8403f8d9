import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import {
  CLUSTER_LIMITS,
  CLUSTER_VERSION_MIN,
  type ClusterMapMessage,
  clusterSubFrame,
  keysOfOps,
  takeMaps,
  versionOfAck,
} from '@topgun/protocol/cluster';
import type { ConnectionEvents } from '../../connection/IConnectionProvider.js';
import { goneUntil, NodeBook, type Way } from './NodeBook.js';
import { WriteShares } from './WriteShares.js';

/** What the machine has done for it. Effects never call an input before they return. */
export interface ClusterEffects {
  /** Opens a socket: `opened` or `closed` follows, unless it is dropped before. */
  open(url: string): void;
  /** Closes the socket; nothing follows. */
  drop(code: number): void;
  send(frame: Uint8Array): void;
  arm(timer: ClusterTimer, delayMs: number): void;
  cancel(timer: ClusterTimer): void;
  /** To the client. */
  connected(): void;
  message(turn: Uint8Array): void;
  disconnected(end: ConnectionEvents['disconnected']): void;
  /** The node one is at has said what the cluster is; `req` of who asked. */
  mapCame(map: ClusterMapMessage): void;
}

const TIMERS = ['connect', 'spread', 'stable', 'leave'] as const;
export type ClusterTimer = (typeof TIMERS)[number];

export interface ClusterMachineOptions {
  readonly seeds: readonly string[];
  readonly connectTimeoutMs: number;
  readonly smartRouting: boolean;
  readonly monoMs: () => number;
  /** 32 random bits per call */
  readonly random: () => number;
}

/** Of a restart that a proxy or another server announces. */
const SERVICE_RESTART = 1012;
const ABNORMAL = 1006;
const BREACHES: readonly number[] = [
  CLOSE_CODE.PROTOCOL_ERROR,
  CLOSE_CODE.BAD_UTF8,
  CLOSE_CODE.TOO_MANY_PIECES,
  CLOSE_CODE.TOO_BIG,
];
/** What was closed because of the client itself: another node would do the same. The codes from 4000 on are those of this protocol. */
const isOwnFault = (code: number): boolean => code >= 4000 || BREACHES.includes(code);
/** With such a share of the writes a node is worth a move, and with so little is the present one left. */
const MUCH = 0.75;
const LITTLE = 0.25;

interface Link {
  readonly way: Way;
  readonly sinceMs: number;
  isOpen: boolean;
  /** the server has taken the client in, and speaks this version */
  version: number | undefined;
  /** it has told the map */
  isMapped: boolean;
}

/**
 * Keeps one connection to a cluster: to which of its nodes, when to try the next, when to move. The client above sees one connection that
 * comes and goes, and decides when to connect; what is said over it is its business, but for the map of the cluster.
 *
 * A *round* begins when the client connects after a pause: each way is tried once in it. Whoever lost a connection goes on with the round, so a
 * cluster that lets in and cuts off again is not run round in circles.
 */
export class ClusterMachine {
  readonly book: NodeBook;
  readonly #options: ClusterMachineOptions;
  readonly #fx: ClusterEffects;
  readonly #tried = new Set<Way>();
  readonly #writes: WriteShares | undefined;
  #link: Link | undefined;
  /** The client has been told to connect again without a pause. */
  #goesOn = false;
  #isSpread = false;
  #req = 0;
  #sampledAtMs = Number.NEGATIVE_INFINITY;
  /** Connections that were left for another node. */
  moves = 0;

  constructor(options: ClusterMachineOptions, effects: ClusterEffects) {
    this.#options = options;
    this.#fx = effects;
    this.book = new NodeBook(options.seeds);
    this.#writes = options.smartRouting ? new WriteShares() : undefined;
  }

  /** The way that is open, or being opened. */
  get way(): Way | undefined {
    return this.#link?.way;
  }

  /** Whether a node has taken the client in. */
  get isUp(): boolean {
    return this.#link?.version !== undefined;
  }

  /** Whether that node has told the map. */
  get isMapped(): boolean {
    return this.#link?.isMapped === true;
  }

  connect(): void {
    if (this.#link) this.#leave(CLOSE_CODE.NORMAL);
    // A client that did not go on at once has paused.
    if (!this.#goesOn || !this.book.hasOther(this.#tried, this.#nowMs)) this.#tried.clear();
    this.#goesOn = false;
    this.#next({ code: ABNORMAL, reason: 'no node to connect to' });
  }

  opened(): void {
    const link = this.#link;
    if (!link || link.isOpen) return;
    this.#fx.cancel('connect');
    link.isOpen = true;
    this.#fx.connected();
  }

  /** The socket has ended, or could not be opened. */
  closed(code: number, reason: string): void {
    const link = this.#link;
    if (!link) return;
    this.#forget();
    if (!link.isOpen) {
      link.way.circuit.failed(this.#nowMs);
      return this.#next({ code, reason });
    }
    const hasGone = code === CLOSE_CODE.GOING_AWAY || code === SERVICE_RESTART;
    if (hasGone) {
      // All its clients go now; those that left it before were spread already.
      link.way.goneUntilMs = goneUntil(this.#nowMs);
      this.#isSpread = true;
    } else if (!isOwnFault(code)) link.way.circuit.failed(this.#nowMs);
    this.#ended(link, { code, reason }, !isOwnFault(code));
  }

  message(turn: Uint8Array): void {
    const link = this.#link;
    if (!link?.isOpen) return;
    if (link.version === undefined) this.#greeted(link, versionOfAck(turn));
    const { maps, rest } = takeMaps(turn);
    for (const map of maps) this.#take(map);
    if (rest && this.#link === link) this.#fx.message(rest);
  }

  send(frame: Uint8Array): void {
    if (!this.#link?.isOpen) return;
    this.#fx.send(frame);
    if (this.#writes) this.#sample(this.#writes, frame);
  }

  /** Asks the node for the map and returns the number of the question; undefined when there is nobody to ask. */
  ask(): number | undefined {
    if ((this.#link?.version ?? 0) < CLUSTER_VERSION_MIN) return undefined;
    this.#fx.send(clusterSubFrame(++this.#req));
    return this.#req;
  }

  /** The client gives the connection up: because it is dead (`REPLACED`), or for a reason of its own. */
  close(code: number): void {
    const link = this.#link;
    if (!link) return;
    this.#leave(code);
    const end = { code, reason: 'closed by this client' };
    if (code !== CLOSE_CODE.REPLACED) return this.#fx.disconnected(end);
    link.way.circuit.failed(this.#nowMs);
    this.#ended(link, end, true);
  }

  timer(timer: ClusterTimer): void {
    const link = this.#link;
    if (!link) return;
    switch (timer) {
      case 'connect':
        this.#fx.drop(CLOSE_CODE.NORMAL);
        return this.closed(ABNORMAL, `no answer in ${this.#options.connectTimeoutMs} ms`);
      case 'spread':
        return this.#open(link.way);
      case 'stable':
        return link.way.circuit.succeeded();
      case 'leave':
        link.way.goneUntilMs = goneUntil(this.#nowMs);
        return this.#move(link, 'the node drains');
    }
  }

  get #nowMs(): number {
    return this.#options.monoMs();
  }

  /** Between 0 and 1. */
  #chance(): number {
    return this.#options.random() / 2 ** 32;
  }

  /** Tries the next way of the round; without one the attempt is over. */
  #next(end: ConnectionEvents['disconnected']): void {
    const way = this.book.next(this.#tried, this.#nowMs, () => this.#chance(), this.#writes);
    if (!way) return this.#fx.disconnected(end);
    this.#tried.add(way);
    this.#link = { way, sinceMs: this.#nowMs, isOpen: false, version: undefined, isMapped: false };
    if (!this.#isSpread) return this.#open(way);
    this.#isSpread = false;
    this.#fx.arm('spread', this.#chance() * CLUSTER_LIMITS.nodeSpreadMs);
  }

  #open({ url }: Way): void {
    this.#fx.arm('connect', this.#options.connectTimeoutMs);
    this.#fx.open(url);
  }

  /** A connection is over. Where another way is worth trying the client is to connect again at once. */
  #ended(link: Link, end: ConnectionEvents['disconnected'], mayGoOn: boolean): void {
    const isStable = link.version !== undefined && this.#nowMs - link.sinceMs >= CLUSTER_LIMITS.nodeStableMs;
    if (isStable) this.#tried.clear();
    for (const way of this.#waysHere(link)) this.#tried.add(way);
    const elsewhere = mayGoOn && this.book.hasOther(this.#tried, this.#nowMs);
    this.#goesOn = elsewhere;
    this.#fx.disconnected(elsewhere ? { ...end, elsewhere } : end);
  }

  /** Leaves a connection that works for another node. */
  #move(link: Link, reason: string): void {
    this.#leave(CLOSE_CODE.REPLACED);
    this.moves++;
    this.#ended(link, { code: CLOSE_CODE.GOING_AWAY, reason }, true);
  }

  #leave(code: number): void {
    this.#forget();
    this.#fx.drop(code);
  }

  #forget(): void {
    this.#link = undefined;
    for (const timer of TIMERS) this.#fx.cancel(timer);
  }

  /** The first turn of a connection begins with the AUTH_ACK, unless it refuses. */
  #greeted(link: Link, version: number | undefined): void {
    if (version === undefined) return;
    link.version = version;
    this.#fx.arm('stable', CLUSTER_LIMITS.nodeStableMs);
    this.ask();
  }

  #take(map: ClusterMapMessage): void {
    if (this.#link) this.#link.isMapped = true;
    for (const way of this.book.take(map, this.#link?.way)) this.#tried.delete(way);
    this.#fx.mapCame(map);
    // It can be left before it says so itself, and without everybody else.
    const mustLeave =
      this.#link &&
      this.book.self.state === 'DRAINING' &&
      this.book.hasOther(new Set(this.#waysHere(this.#link)), this.#nowMs);
    if (mustLeave) this.#fx.arm('leave', this.#chance() * CLUSTER_LIMITS.nodeLeaveMs);
    else this.#fx.cancel('leave');
  }

  /** The addresses of the node of a connection: it has another one where a balancer led to it. */
  #waysHere({ way: here, isMapped }: Link): readonly Way[] {
    const self = isMapped ? this.book.map?.self : undefined;
    return [...this.book.ways()].filter(
      (way) => way === here || (way.name !== undefined && way.name === self),
    );
  }

  /** Looks at a frame now and then: where most of what it writes belongs to another node, the client moves there. */
  #sample(writes: WriteShares, frame: Uint8Array): void {
    const link = this.#link;
    const nowMs = this.#nowMs;
    if (!link?.isMapped || nowMs - this.#sampledAtMs < CLUSTER_LIMITS.writeSampleMs) return;
    const keys = keysOfOps(frame);
    if (keys.length === 0) return;
    this.#sampledAtMs = nowMs;
    writes.add(keys);
    if (!writes.isTelling || nowMs - link.sinceMs < CLUSTER_LIMITS.nodeRestMs) return;
    const { self, map } = this.book;
    const shares = writes.byOwner(map?.owners ?? []);
    const best = [...this.book.ways()].find((way) => way.owner > 0 && (shares.get(way.owner) ?? 0) >= MUCH);
    if (!best || best.owner === self.owner || best.state !== 'ACTIVE') return;
    if (self.owner > 0 && (shares.get(self.owner) ?? 0) > LITTLE) return;
    if (best.circuit.stateAt(nowMs) === 'CLOSED' && nowMs >= best.goneUntilMs)
      this.#move(link, 'most of what is written belongs to another node');
  }
}
