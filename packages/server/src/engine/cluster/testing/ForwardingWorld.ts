import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import {
  ACK_LEVEL,
  type ClientMessage,
  CONCERN,
  type Concern,
  type ErrorCode,
  OP,
  type OpAckMessage,
  type OpRow,
  type OpsMessage,
  OUTCOME,
  type ServerMessage,
} from '@topgun/protocol';
import { OpRouting } from '../../../cluster/OpRouting.js';
import type { ClusterMap, OwnerRow } from '../../../cluster/ports.js';
import type { Principal } from '../../../security/policy/Policy.js';
import { Connection } from '../../Connection.js';
import { DedupSession } from '../../DedupTable.js';
import { Op } from '../../Op.js';
import type { Verdict } from '../../ports.js';
import { Forwarding } from '../Forwarding.js';
import { isForwarded } from '../forwardedItems.js';
import { settledIn } from '../HeldAnswers.js';
import type { MemoryNetwork } from './MemoryLinks.js';

/** What the database of the world remembers of an op. */
interface Stored {
  readonly pid: number;
  readonly n: number;
}

/** The database of all nodes: what is committed, in which order, and who owns what. */
export class WorldDatabase {
  version = 1;
  readonly owners: { node: string | undefined; epoch: number; target: string | undefined }[];
  /** by `session/seq` */
  readonly stored = new Map<string, Stored>();
  /** ids of ops by partition, in the order of their commits */
  readonly logs: string[][] = Array.from({ length: PARTITION_COUNT }, () => []);
  /** times that an op was executed */
  readonly effects = new Map<string, number>();

  constructor(first: string) {
    this.owners = this.logs.map(() => ({ node: first, epoch: 1, target: undefined }));
  }

  map(): ClusterMap {
    const owners = this.owners.map(({ node, epoch, target }, pid): OwnerRow => {
      return { pid, epoch, node, boot: node && `${node}-1`, target };
    });
    return { version: this.version, nodes: [], owners };
  }

  commit(pid: number, id: string): Stored {
    const log = this.logs[pid] as string[];
    log.push(id);
    const stored = { pid, n: log.length };
    this.stored.set(id, stored);
    this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
    return stored;
  }
}

interface Staged {
  readonly op: Op;
  readonly id: string;
}

/** A node with the shortest engine there can be around the forwarding: it stages, commits to the database, answers, and forgets nothing. */
export class WorldNode {
  readonly name: string;
  readonly forwarding: Forwarding;
  readonly #routing: OpRouting;
  /** partitions it takes ops of in */
  readonly own = new Set<number>();
  /** how far it has followed, by partition */
  readonly followed = new Map<number, number>();
  readonly #database: WorldDatabase;
  readonly #connections = new Map<number, Connection>();
  readonly #sessions = new Map<string, DedupSession<Op>>();
  readonly #deferred: (() => void)[] = [];
  staged: Staged[] = [];
  /** what clients of this node heard: ids of ops that were answered for good, refusals with their code */
  readonly heard: { readonly conn: number; readonly id: string; readonly code: ErrorCode | undefined }[] = [];
  /** what they were told early, at MEMORY */
  readonly early: { readonly conn: number; readonly id: string }[] = [];
  /** concerns that ops were admitted with */
  readonly concerns: number[] = [];
  readonly errors: ErrorCode[] = [];
  readonly closed = new Map<number, number>();
  isClosed = false;
  nowMs = 0;
  /** what was put off */
  readonly later: (() => void)[] = [];
  #conns = 0;

  constructor(name: string, network: MemoryNetwork, database: WorldDatabase, forwardedOps = 1_000) {
    this.name = name;
    this.#database = database;
    const boot = `${name}-1`;
    this.forwarding = new Forwarding({ name, boot, forwardedOps, forwardedBytes: 1_000, retryMs: 1_000 });
    this.forwarding.connect({
      takes: (pid) => this.own.has(pid),
      isClosed: () => this.isClosed,
      hasReached: (pid, _epoch, n) => (this.followed.get(pid) ?? 0) >= n,
      admit: (conn, ops) => this.#admit(conn, ops),
      refuse: (conn, session, seq, code) => this.#tell(conn, ackOf(session, [[seq, undefined, code]])),
      send: (conn, message) => this.#heard(conn, message),
      fail: (conn, _error, code) => {
        this.closed.set(conn.id, code);
        this.leave(conn.id);
      },
      taken: (conn, session, seq) =>
        this.#tell(conn, { ...ackOf(session, [[seq, undefined]]), level: ACK_LEVEL.MEMORY }),
      bring: () => undefined,
      wrote: () => undefined,
      seenMs: () => 0,
      full: () => undefined,
      incarnation: () => 'life-1',
      nowMs: () => this.nowMs,
    });
    this.#routing = new OpRouting({
      name,
      boot,
      links: network.node(name),
      forwarding: this.forwarding,
      inputs: {
        opened: (conn, remote) => this.#connections.set(conn, new Connection(conn, remote, 0)),
        message: (conn, message) => this.#message(conn, message),
        closed: (conn) => this.leave(conn),
      },
      defer: (run) => this.#deferred.push(run),
      wake: () => undefined,
      after: (_ms, run) => this.later.push(run),
      repair: async ({ key }) => ({ elsewhere: partitionOf(key) }),
    });
  }

  get peers(): number {
    return this.#routing.peers.size;
  }

  /** A client at this node. */
  client(session: string, clientId = `client-${session}`): number {
    const conn = new Connection(++this.#conns, 'test', 0);
    this.#enter(conn, clientId, [session]);
    this.#connections.set(conn.id, conn);
    return conn.id;
  }

  write(
    conn: number,
    session: string,
    seqs: readonly number[],
    keyOf: (seq: number) => string,
    { concern = CONCERN.PERSISTED, bytes = 0 }: { readonly concern?: Concern; readonly bytes?: number } = {},
  ): void {
    const rows = seqs.map((seq): OpRow => [seq, OP.PUT, 0, keyOf(seq), seq, null, `${session}/${seq}`]);
    const head = { session, settledBelow: 0, incarnation: 'life-1', concern, maps: ['m'] };
    this.forwarding.ops(this.#connection(conn), { type: 'OPS', ...head, rows }, 0, bytes);
  }

  leave(conn: number): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined) return;
    connection.phase = 'CLOSED';
    this.#connections.delete(conn);
    this.forwarding.gone(connection);
  }

  end(conn: number, session: string): void {
    this.forwarding.ended(this.#connection(conn), session);
  }

  /** Other rights, or other sessions. */
  change(conn: number, roles: readonly string[]): void {
    const connection = this.#connection(conn);
    connection.principal = { sub: connection.clientId, roles, claims: {} };
  }

  /** The engine of an owner ends the connection of another node's client. */
  revoke(sub: string): void {
    for (const [id, { principal }] of [...this.#connections]) {
      if (principal?.sub !== sub || !isForwarded(id)) continue;
      this.#routing.peers.heard(id, { type: 'ERROR', code: 'AUTH_FAILED', message: '' });
      this.#routing.peers.closed(id, 4401);
      this.leave(id);
    }
  }

  /** The database has told it the map. */
  mapChanged(map: ClusterMap): void {
    this.#routing.mapChanged(map);
  }

  guests(): Connection[] {
    return [...this.#connections.values()].filter(({ id }) => isForwarded(id));
  }

  /** The end of a turn. */
  tick(): void {
    this.forwarding.tick();
    for (let run = this.#deferred.shift(); run !== undefined; run = this.#deferred.shift()) run();
  }

  /** Makes what is staged durable, answers it, and tells the others by `follow`. */
  commit(count = Number.POSITIVE_INFINITY): void {
    const due = this.staged.splice(0, count);
    for (const { op, id } of due) {
      const stored = this.#database.stored.get(id) ?? this.#database.commit(op.pid, id);
      this.#reach(stored);
      this.#tell(op.conn, ackOf(op.session.session, [[op.seq, stored]]));
    }
  }

  /** Reads what others have committed. */
  follow(): void {
    for (const [pid, log] of this.#database.logs.entries()) this.followed.set(pid, log.length);
  }

  /** The database has given partitions to others: what is staged of them is discarded, its ops go there. */
  lose(pids: ReadonlySet<number>): void {
    for (const pid of pids) this.own.delete(pid);
    const lost = this.staged.filter(({ op }) => pids.has(op.pid));
    this.staged = this.staged.filter(({ op }) => !pids.has(op.pid));
    for (const { op } of lost) this.forwarding.take(op);
  }

  #reach({ pid, n }: Stored): void {
    this.followed.set(pid, Math.max(n, this.followed.get(pid) ?? 0));
  }

  #message(id: number, message: ClientMessage): void {
    const conn = this.#connections.get(id);
    if (conn === undefined) return;
    if (message.type === 'AUTH') {
      this.#enter(conn, message.clientId, message.sessions);
      this.#routing.peers.heard(id, { type: 'AUTH_ACK' } as ServerMessage);
    } else if (message.type === 'OPS') this.forwarding.ops(conn, message);
    else if (message.type === 'SESSION_END') conn.sessions.delete(message.session);
  }

  #enter(conn: Connection, clientId: string, sessions: readonly string[]): void {
    conn.phase = 'READY';
    conn.clientId = clientId;
    conn.principal = principalIn(this.#routing.peers.verdictOf(conn.id)) ?? {
      sub: clientId,
      roles: ['user'],
      claims: {},
    };
    for (const session of sessions) conn.sessions.add(session);
  }

  #admit(conn: Connection, { session: id, maps, concern, rows }: OpsMessage): void {
    const session = this.#sessions.get(id) ?? new DedupSession<Op>(conn.clientId, id);
    this.#sessions.set(id, session);
    this.concerns.push(concern);
    for (const row of rows) {
      const op = new Op(conn, session, row, maps, concern);
      const name = `${id}/${op.seq}`;
      if (this.isClosed) this.#tell(conn, ackOf(id, [[op.seq, undefined, 'UNAVAILABLE']]));
      else if (!conn.sessions.has(id)) this.#tell(conn, ackOf(id, [[op.seq, undefined, 'SESSION_UNKNOWN']]));
      else if (!this.own.has(op.pid)) throw new Error(`${this.name} does not own partition ${op.pid}`);
      else {
        const stored = this.#database.stored.get(name);
        if (stored !== undefined) this.#tell(conn, ackOf(id, [[op.seq, stored]]));
        else this.staged.push({ op, id: name });
      }
    }
  }

  #tell(conn: Connection, answer: OpAckMessage): void {
    if (conn.phase === 'CLOSED') return;
    this.#heard(conn.id, answer);
  }

  #heard(conn: number, message: ServerMessage): void {
    if (isForwarded(conn)) return this.#routing.peers.heard(conn, message);
    if (message.type === 'ERROR') this.errors.push(message.code);
    if (message.type !== 'OP_ACK') return;
    const isEarly = message.level !== ACK_LEVEL.PERSISTED;
    for (const { seq, pid, n, isRejected } of settledIn(message)) {
      if ((this.followed.get(pid) ?? 0) < n) throw new Error('told of what this node does not know');
      const code = isRejected ? (message.ex?.find(([at]) => at === seq)?.[1] ?? undefined) : undefined;
      const id = `${message.session}/${seq}`;
      if (isEarly) this.early.push({ conn, id });
      else this.heard.push({ conn, id, code });
    }
  }

  #connection(id: number): Connection {
    const conn = this.#connections.get(id);
    if (conn === undefined) throw new Error(`no connection ${id}`);
    return conn;
  }
}

type AnswerOf = readonly [seq: number, stored: Stored | undefined, code?: ErrorCode];

function ackOf(session: string, answers: readonly AnswerOf[]): OpAckMessage {
  return {
    type: 'OP_ACK',
    session,
    level: ACK_LEVEL.PERSISTED,
    epoch: 1,
    spans: answers.map(([seq, , code]) => [seq, 1, code ? OUTCOME.REJECTED : OUTCOME.APPLIED] as const),
    pos: answers.flatMap(([, stored]) => [stored?.pid ?? 0, stored?.n ?? 0]),
    ex: answers.flatMap(([seq, , code]) => (code === undefined ? [] : [[seq, code, null] as const])),
  };
}

const principalIn = (verdict: Verdict | undefined): Principal | undefined =>
  verdict !== undefined && 'principal' in verdict ? verdict.principal : undefined;
