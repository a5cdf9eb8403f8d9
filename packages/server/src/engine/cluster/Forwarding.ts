import { partitionOf } from '@topgun/core';
import { ACK_LEVEL, CONCERN, type OpRow, type OpsMessage, type ServerMessage } from '@topgun/protocol';
import type { ClusterMap } from '../../cluster/ports.js';
import type { Connection } from '../Connection.js';
import { errorMessage } from '../errorMessage.js';
import type { Op } from '../Op.js';
import { ForwardedOp, type OpsFrame } from './ForwardedOp.js';
import { ForwardingCounts } from './ForwardingCounts.js';
import { type AnswerItem, type AskItem, type ForwardedOps, isForwarded } from './forwardedItems.js';
import { HeldAnswers, settledIn } from './HeldAnswers.js';
import { Introductions } from './Introductions.js';
import type { ForwardingPorts } from './OpForwarding.js';
import { OpLines } from './OpLines.js';
import type { Route } from './Routes.js';
import { bytesOfRows, mapsOf, rowOf } from './rows.js';

/** The ways to other nodes. */
export interface ForwardingWays {
  to(node: string): Route | undefined;
  ask(route: Route, item: AskItem, bytes?: number): void;
  /** To the gateway of a connection: not here (CLU-30). */
  bounce(conn: number, session: string, seqs: readonly number[], version: number): void;
}

export interface ForwardingOptions {
  /** of this node */
  readonly name: string;
  readonly boot: string;
  /** ops that wait for an owner or its answer, and their bytes; then UNAVAILABLE */
  readonly forwardedOps: number;
  readonly forwardedBytes: number;
  /** when who was refused for that may come again; ms */
  readonly retryMs: number;
}

type Target = Route | 'here';

/**
 * Brings ops to the owners of their partitions, and answers back (CLU-30 to CLU-34).
 *
 * A gateway remembers each op that it has sent until the owner has answered it, in one line per partition. Whatever goes wrong has one
 * remedy: what has no answer is sent again, in order, to whoever is the owner then; dedup makes that harmless. An op also waits in its
 * line while there is no owner, or no way to it.
 *
 * At an owner the ops of other nodes' clients wait in the same lines while it is about to become the owner, or when its map is older than
 * that of the gateway; what belongs to somebody else goes back (`bounced`), with everything behind it that was sent by the same map, so that
 * nothing overtakes it.
 */
export class Forwarding {
  readonly counts = new ForwardingCounts();
  readonly #options: ForwardingOptions;
  readonly #lines = new OpLines();
  readonly #introductions = new Introductions();
  /** partitions whose lines have ops that were not sent */
  readonly #waiting = new Set<number>();
  /** who has sent ops back, and by which map: they wait for a newer one */
  readonly #refused = new Map<number, { readonly node: string; readonly version: number }>();
  /** of connections of other nodes' clients: partitions whose ops were sent back, by which map */
  readonly #bounced = new WeakMap<Connection, Map<number, number>>();
  /** of those: the map that their gateway went by last */
  readonly #versions = new WeakMap<Connection, number>();
  #map: ClusterMap = { version: 0, nodes: [], owners: [] };
  #ports!: ForwardingPorts;
  #ways!: ForwardingWays;
  #held!: HeldAnswers;
  #frames = 0;
  #diverted = Number.MIN_SAFE_INTEGER;

  constructor(options: ForwardingOptions) {
    this.#options = options;
  }

  /** Once each, before anything else. */
  connect(ports: ForwardingPorts): void {
    this.#ports = ports;
    this.#held = new HeldAnswers(ports.hasReached, (conn, answer, ops) => {
      for (const op of ops) for (const map of mapsOf(op)) ports.bring(conn, map, op.pid);
      ports.send(conn.id, answer);
    });
  }

  open(ways: ForwardingWays): void {
    this.#ways = ways;
  }

  /** Ops that wait for an owner or for its answer. */
  get size(): number {
    return this.#lines.size;
  }

  /** Of these, about. */
  get bytes(): number {
    return this.#lines.bytes;
  }

  /** Ops that were not sent to anybody. */
  get waiting(): number {
    let count = 0;
    for (const pid of this.#waiting)
      for (const { sentOn } of this.#lines.of(pid)) if (sentOn === undefined) count++;
    return count;
  }

  /** Answers that wait for this node to have followed. */
  get heldAnswers(): number {
    return this.#held.size;
  }

  /** Version of the map it goes by. */
  get version(): number {
    return this.#map.version;
  }

  /** Takes in a frame of ops. */
  ops(conn: Connection, message: OpsMessage, _now = 0, bytes = 0): void {
    const { session, rows } = message;
    const isGuest = isForwarded(conn.id);
    // It has words for both.
    if (!conn.sessions.has(session) || (!isGuest && this.#ports.isClosed()))
      return this.#ports.admit(conn, message, bytes);
    const version = isGuest ? (message as ForwardedOps).mapVersion : 0;
    if (isGuest) this.#versions.set(conn, version);
    const own: OpRow[] = [];
    const pids = new Set<number>();
    let frame: OpsFrame | undefined;
    const share = Math.ceil(bytes / rows.length);
    let isToldFull = false;
    for (const row of rows) {
      const pid = partitionOf(row[3]);
      const bounced = isGuest ? this.#bouncedBy(conn, pid) : -1;
      // By that map, not by the one of now, which may have this node own it: a gateway sends nothing again by the map that it is told.
      if (version <= bounced) this.#ways.bounce(conn.id, session, [row[0]], bounced);
      else if (!this.#lines.has(pid) && this.#ports.takes(pid)) own.push(row);
      // It is on its way already, and is answered once.
      else if (this.#lines.find(conn, session, row[0])?.comesAgain(version)) continue;
      else if (this.#isFull(share)) {
        if (!isToldFull) this.#tellFull(conn, session);
        isToldFull = true;
        this.#ports.refuse(conn, session, row[0], 'UNAVAILABLE');
      } else {
        frame ??= this.#frameOf(conn, message, ++this.#frames, share);
        this.#lines.add(new ForwardedOp(frame, row, pid, version));
        pids.add(pid);
      }
    }
    if (own.length > 0)
      this.#ports.admit(
        conn,
        own.length === rows.length ? message : { ...message, rows: own },
        share * own.length,
      );
    this.#dispatch(pids);
  }

  /**
   * An op that was taken in and whose partition this node does not own (any more); it goes before those that came later (CLU-16). It is
   * sent with the end of the turn.
   */
  take(op: Op): undefined {
    const { session, concern, maps, pid } = op;
    const shared = { type: 'OPS', session: session.session, settledBelow: session.settledBelow } as const;
    const incarnation = this.#ports.incarnation();
    const message = { ...shared, incarnation, maps, concern: op.isAnnounced ? CONCERN.PERSISTED : concern };
    for (const conn of [op.conn, ...(op.joined ?? [])]) {
      if (conn.phase === 'CLOSED' || this.#lines.find(conn, session.session, op.seq) !== undefined) continue;
      const frame = this.#frameOf(conn, message, ++this.#diverted, op.bytes);
      this.#lines.insert(new ForwardedOp(frame, rowOf(op), pid, this.#versions.get(conn) ?? 0));
      this.#waiting.add(pid);
    }
  }

  /** Ops of these partitions are taken in here from now on; what waits of them is, too, with the end of the turn. */
  opened(pids: readonly number[]): void {
    this.#look(pids);
  }

  /** What came in this turn may have changed what can be sent, and what can be answered. */
  tick(): void {
    if (this.#waiting.size > 0) this.#dispatch([...this.#waiting]);
    this.#held.review();
  }

  /** A newer map. */
  mapChanged(map: ClusterMap): void {
    if (map.version <= this.#map.version) return;
    this.#map = map;
    for (const [pid, { node, version }] of this.#refused)
      if (version < map.version || map.owners[pid]?.node !== node) this.#refused.delete(pid);
    this.#look(this.#lines.pids());
  }

  /** Nobody knows what became of what was sent on it (CLU-33). */
  routeLost(route: Route): void {
    this.#introductions.lost(route);
    this.#look(this.#lines.pids().filter((pid) => this.#unsend(pid, route)));
  }

  /** What an owner says of a connection of this node's clients. */
  answered(route: Route, item: AnswerItem): void {
    const conn = this.#introductions.connection(item.conn);
    // It has gone meanwhile.
    if (conn === undefined) return;
    if (item.say === 'message') this.#pass(conn, item.message);
    else if (item.say === 'bounced') this.#sentBack(route, conn, item);
    // It was revoked, or has to come again.
    else if (item.say === 'closed') this.#ports.fail(conn, item.error, item.code);
  }

  #pass(conn: Connection, message: ServerMessage): void {
    if (message.type === 'ERROR' && message.code === 'NEW_INCARNATION') {
      // Every owner says so.
      if (conn.isToldOfLife) return;
      conn.isToldOfLife = true;
    }
    if (message.type !== 'OP_ACK') return this.#ports.send(conn.id, message);
    const settled: ForwardedOp[] = [];
    for (const { seq, n } of settledIn(message)) {
      const op = this.#lines.find(conn, message.session, seq);
      if (op === undefined) continue;
      if (message.level !== ACK_LEVEL.PERSISTED) {
        op.waitsForTheEnd();
        continue;
      }
      this.#lines.remove(op);
      this.counts.answered++;
      this.counts.answeredMs += Math.max(0, this.#ports.nowMs() - op.sentMs);
      if (n > 0) settled.push(op);
    }
    this.#held.take(conn, message, settled);
  }

  /** NOT_OWNER: who was the owner does not take them (any more). */
  #sentBack(
    route: Route,
    conn: Connection,
    { session, seqs, version }: Extract<AnswerItem, { say: 'bounced' }>,
  ): void {
    const pids = new Set<number>();
    for (const seq of seqs) {
      const op = this.#lines.find(conn, session, seq);
      // It may have been sent again by a newer map.
      if (op?.sentOn !== route || version < op.sentBy) continue;
      this.counts.sentBack++;
      pids.add(op.pid);
    }
    for (const pid of pids) {
      // Those behind them come back, too: sent again they must not overtake.
      this.#unsend(pid, route);
      if (version >= this.#map.version) this.#refused.set(pid, { node: route.node, version });
    }
    this.#look(pids);
  }

  /** A client's session is settled and over. */
  ended(conn: Connection, session: string): void {
    for (const route of this.#introductions.of(conn))
      this.#ways.ask(route, { ask: 'end', conn: conn.id, session });
  }

  /** A connection is gone; what it had no answer to it sends again when it is back. */
  gone(conn: Connection): void {
    this.#lines.removeAll(conn);
    this.#held.drop(conn);
    for (const route of this.#introductions.of(conn))
      this.#ways.ask(route, { ask: 'close', conn: conn.id, hasLeft: conn.hasLeft });
    this.#introductions.forget(conn);
  }

  /** Looks at these partitions at the end of the turn. */
  #look(pids: Iterable<number>): void {
    for (const pid of pids) if (this.#lines.has(pid)) this.#waiting.add(pid);
  }

  /** Sends what can be sent of these partitions, takes in what is this node's, and gives back what others own. */
  #dispatch(pids: Iterable<number>): void {
    const groups = new Map<OpsFrame, Map<Target, OpRow[]>>();
    const add = (op: ForwardedOp, target: Target): void => {
      const targets = groups.get(op.frame) ?? new Map<Target, OpRow[]>();
      groups.set(op.frame, targets);
      const rows = targets.get(target);
      if (rows === undefined) targets.set(target, [op.row]);
      else rows.push(op.row);
    };
    const bounced: ForwardedOp[] = [];
    for (const pid of pids) {
      const target = this.#targetOf(pid);
      // An owner that was not the owner in between has sent back what it got before, and that must not be overtaken.
      const epoch = this.#map.owners[pid]?.epoch ?? 0;
      let isWaiting = false;
      for (const op of this.#lines.of(pid)) {
        if (target === 'here') {
          this.#lines.remove(op);
          add(op, target);
        } else if (isForwarded(op.conn.id)) {
          if (this.#isElsewhere(pid, op.version)) bounced.push(op);
          else {
            isWaiting = true;
            this.#announce(op);
          }
        } else if (target === undefined) {
          if (op.sentOn !== undefined) continue;
          isWaiting = true;
          this.#announce(op);
        } else if (op.sentOn !== target || op.sentAt !== epoch) {
          if (op.sentAt === 0) this.counts.sent++;
          else this.counts.again++;
          op.sentMs = this.#ports.nowMs();
          op.sentOn = target;
          op.sentAt = epoch;
          op.sentBy = this.#map.version;
          add(op, target);
        }
      }
      if (isWaiting) this.#waiting.add(pid);
      else this.#waiting.delete(pid);
    }
    for (const op of bounced) this.#giveBack(op);
    const ordered = [...groups].sort(([a], [b]) => a.order - b.order);
    for (const [frame, targets] of ordered)
      for (const [target, rows] of targets) this.#send(frame, rows, target);
  }

  #send(frame: OpsFrame, rows: readonly OpRow[], target: Target): void {
    const { conn, order: _, bytes, told: __, ...head } = frame;
    const ops = { ...head, rows };
    if (target === 'here') return this.#ports.admit(conn, ops, bytes * rows.length);
    const introduction = this.#introductions.to(target, conn, this.#ports.seenMs(conn));
    this.#ports.wrote(conn, head.session);
    if (introduction !== undefined) this.#ways.ask(target, introduction);
    const item = { ask: 'ops', conn: conn.id, ops, version: this.#map.version } as const;
    this.#ways.ask(target, item, bytesOfRows(rows));
  }

  /** Where ops of a partition go now; undefined: nowhere yet. */
  #targetOf(pid: number): Target | undefined {
    if (this.#ports.takes(pid)) return 'here';
    // One that is to have another owner is sent to this one until it has given it away: others may go first.
    const { node } = this.#map.owners[pid] ?? {};
    if (node === undefined || node === this.#options.name) return undefined;
    return this.#refused.get(pid)?.node === node ? undefined : this.#ways.to(node);
  }

  /** Whether ops that a gateway sent here by a map belong to another node, as far as this one knows better than that map. */
  #isElsewhere(pid: number, version: number): boolean {
    if (this.#map.version < version) return false;
    const owner = this.#map.owners[pid];
    return owner?.node !== this.#options.name || owner.boot !== this.#options.boot;
  }

  /** The map by which ops of a partition were given back: all that are sent by it, or by an earlier one, go back behind them. */
  #bouncedBy(conn: Connection, pid: number): number {
    return this.#bounced.get(conn)?.get(pid) ?? -1;
  }

  #giveBack(op: ForwardedOp): void {
    this.#lines.remove(op);
    const { conn, pid, frame, seq } = op;
    const marks = this.#bounced.get(conn) ?? new Map<number, number>();
    this.#bounced.set(conn, marks.set(pid, this.#map.version));
    this.#ways.bounce(conn.id, frame.session, [seq], this.#map.version);
  }

  /** Ops that were sent on a route wait again. False: there were none. */
  #unsend(pid: number, route: Route): boolean {
    let isFound = false;
    for (const op of this.#lines.of(pid)) {
      if (op.sentOn !== route) continue;
      op.sentOn = undefined;
      isFound = true;
    }
    return isFound;
  }

  #frameOf(conn: Connection, message: Omit<OpsMessage, 'rows'>, order: number, bytes: number): OpsFrame {
    const { type, session, settledBelow, incarnation, concern, maps } = message;
    return { conn, order, bytes, type, session, settledBelow, incarnation, concern, maps };
  }

  /** Whose writer asked for MEMORY has it: the op is in the memory of this node (CLU-60). */
  #announce(op: ForwardedOp): void {
    const { frame, conn, seq } = op;
    if (frame.concern !== CONCERN.MEMORY) return;
    op.waitsForTheEnd();
    this.#ports.taken(conn, frame.session, seq);
  }

  #isFull(bytes: number): boolean {
    const { size, bytes: held } = this.#lines;
    const { forwardedOps, forwardedBytes } = this.#options;
    if (size >= forwardedOps) this.#ports.full('forwardedOps');
    else if (size > 0 && held + bytes > forwardedBytes) this.#ports.full('forwardedBytes');
    else return false;
    return true;
  }

  #tellFull(conn: Connection, session: string): void {
    const retryAfterMs = this.#options.retryMs;
    this.#ports.send(conn.id, errorMessage('UNAVAILABLE', { retryAfterMs, ref: session }));
  }
}
