import {
  type ClientMessage,
  decode,
  type ErrorCode,
  encode,
  explainRefusal,
  LIMITS,
  type ServerMessage,
} from '@topgun/protocol';
import { takeMaps } from '@topgun/protocol/cluster';
import { decodeTurn } from '@topgun/protocol/device';
import { linearRegex } from '@topgun/search/regex';
import { cursorMac, type ServerEffects, ServerEngine } from '@topgun/server/engine';
import type { Rng } from '@topgun/sim/internal/rng';
import { fuzzedConfig } from '../fuzzedConfig.js';
import { NEIGHBOUR, USER } from '../identity.js';

/** What one input brought about on its own connection. */
export interface Brought {
  readonly refused: ErrorCode | undefined;
  readonly errors: readonly ErrorCode[];
  /** codes of ops that were refused */
  readonly ops: readonly ErrorCode[];
  readonly close: number | undefined;
}

const START_MS = 1_800_000_000_000;
const CLIENTS = 4;

interface Client {
  readonly sub: string;
  readonly clientId: string;
  readonly session: string;
  conn: number;
}

/** The engine that ships, and a shell around it that is at its mercy: everything an input can reach, without sockets. */
export class EngineRig {
  nowMs = START_MS;
  readonly clients: readonly Client[];
  readonly engine: ServerEngine;
  readonly #rng: Rng;
  readonly #sent: { readonly conn: number; readonly message: ServerMessage }[] = [];
  readonly #closed = new Map<number, number>();
  readonly #commits: number[] = [];
  readonly #verifying: { readonly conn: number; readonly token: string | undefined }[] = [];
  readonly #timers = new Set<string>();
  #conns = 0;

  constructor(rng: Rng) {
    this.#rng = rng;
    this.engine = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: { incarnation: 'life-1', partitions: new Map(), gc: new Map(), meta: new Map() },
        policies: fuzzedConfig.policies as never,
        queryPorts: { regex: linearRegex },
        isVolatile: (map) => map.startsWith('volatile:'),
        indexesOf: (map) => (map.startsWith('open:') ? [{ kind: 'hash', path: 'a' }] : []),
        random: () => rng.u32(),
        mac: cursorMac,
        now: this.nowMs,
        limits: { flushDelayMs: 0 },
      },
      this.#effects(),
    );
    this.clients = Array.from({ length: CLIENTS }, (_, i) => ({
      sub: i === 0 ? NEIGHBOUR : USER,
      clientId: `client${i}`.padEnd(22, '_'),
      session: `sess${i}`.padEnd(11, '_'),
      conn: this.#enter(`client${i}`.padEnd(22, '_'), `sess${i}`.padEnd(11, '_')),
    }));
  }

  /** A frame of a client that is let in: decoded as the transport does, and all that follows from it. Throws what is wrong. */
  frame(client: Client, bytes: Uint8Array): Brought {
    this.nowMs += 1;
    this.#sent.length = 0;
    const { conn } = client;
    const decoded = decode(bytes, 'client', explainRefusal);
    if (decoded.ok) this.engine.message(conn, decoded.message, this.nowMs);
    else this.engine.refused(conn, decoded.code, decoded.path, this.nowMs);
    const brought = this.#settle(conn, decoded.ok ? undefined : decoded.code);
    if (this.#closed.delete(conn)) client.conn = this.#enter(client.clientId, client.session);
    return brought;
  }

  /** A frame of a stranger, on a connection of its own. */
  stranger(bytes: Uint8Array): Brought {
    this.nowMs += 1;
    this.#sent.length = 0;
    const conn = this.#open();
    const decoded = decode(bytes, 'preauth', explainRefusal);
    if (decoded.ok) this.engine.message(conn, decoded.message, this.nowMs);
    else this.engine.refused(conn, decoded.code, decoded.path, this.nowMs);
    const brought = this.#settle(conn, decoded.ok ? undefined : decoded.code);
    this.engine.closed(conn, this.nowMs);
    this.#closed.delete(conn);
    return brought;
  }

  /** Something that the network, the store or the clock does, at any time. */
  disturb(): void {
    const rng = this.#rng;
    const client = rng.pick(this.clients);
    this.#sent.length = 0;
    const [timer] = this.#timers;
    switch (rng.int(0, 5)) {
      case 0:
        this.engine.closed(client.conn, this.nowMs);
        client.conn = this.#enter(client.clientId, client.session);
        break;
      case 1:
        if (timer !== undefined) this.#fire(timer);
        break;
      case 2:
        this.engine.pressed(client.conn, true);
        this.engine.pressed(client.conn, rng.chance(0.2));
        break;
      case 3:
        this.nowMs += rng.int(0, 20_000);
        for (const other of this.clients)
          this.engine.message(other.conn, { type: 'PONG', id: 0 }, this.nowMs);
        break;
      case 4:
        // A verdict that nobody waits for any more.
        this.engine.verified(client.conn, { error: 'AUTH_FAILED' }, this.nowMs);
        break;
      default:
        this.engine.closed(this.#conns + 5, this.nowMs);
        this.engine.message(this.#conns + 5, { type: 'PING', id: 1 }, this.nowMs);
    }
    this.#settle(client.conn, undefined);
    for (const each of this.clients)
      if (this.#closed.delete(each.conn)) each.conn = this.#enter(each.clientId, each.session);
  }

  /** Everything that waits is done: tokens are judged, commits are durable. */
  #settle(conn: number, refused: ErrorCode | undefined): Brought {
    for (let turn = 0; turn < 50; turn++) {
      for (const { conn: asking, token } of this.#verifying.splice(0)) this.#judge(asking, token);
      this.engine.tick(this.nowMs);
      const commit = this.#commits.shift();
      if (commit !== undefined) this.engine.committed(commit, 'committed', this.nowMs);
      else if (this.#verifying.length === 0) break;
    }
    const own = this.#sent.filter((sent) => sent.conn === conn);
    for (const { message } of this.#sent) assertReadable(message);
    const errors = own.flatMap(({ message }) => (message.type === 'ERROR' ? [message.code] : []));
    const ops = own.flatMap(({ message }) =>
      message.type === 'OP_ACK' ? (message.ex ?? []).flatMap(([, code]) => code ?? []) : [],
    );
    return { refused, errors, ops, close: this.#closed.get(conn) };
  }

  #judge(conn: number, token: string | undefined): void {
    const known = this.clients.find((client) => client.conn === conn);
    const sub = token === 'good' ? (known?.sub ?? USER) : undefined;
    const claims = { sub, roles: [sub === NEIGHBOUR ? 'good' : 'user'] };
    this.engine.verified(
      conn,
      sub === undefined ? { error: 'AUTH_FAILED' } : { principal: { sub, roles: claims.roles, claims } },
      this.nowMs,
    );
  }

  #open(): number {
    const conn = ++this.#conns;
    this.engine.opened(conn, { remote: 'fuzz' }, this.nowMs);
    return conn;
  }

  #enter(clientId: string, session: string): number {
    const conn = this.#open();
    const auth: ClientMessage = {
      type: 'AUTH',
      versions: [1, 99],
      clientId,
      sessions: [session],
      token: 'good',
    };
    const sub = clientId.startsWith('client0') ? NEIGHBOUR : USER;
    this.engine.message(conn, auth, this.nowMs);
    this.#verifying.pop();
    const roles = [sub === NEIGHBOUR ? 'good' : 'user'];
    this.engine.verified(conn, { principal: { sub, roles, claims: { sub, roles } } }, this.nowMs);
    if (this.#closed.has(conn)) throw new Error('a good client was not let in');
    return conn;
  }

  #fire(timer: string): void {
    this.#timers.delete(timer);
    this.engine.timer(timer, this.nowMs);
  }

  #effects(): ServerEffects {
    return {
      send: (conn, message) => this.#sent.push({ conn, message }),
      sendShared: (conns, message) => {
        for (const conn of conns) this.#sent.push({ conn, message });
      },
      close: (conn, code) => this.#closed.set(conn, code),
      verify: (conn, token) => this.#verifying.push({ conn, token }),
      commit: (id) => this.#commits.push(id),
      readDedup: () => undefined,
      renew: () => undefined,
      arm: (timer) => this.#timers.add(timer),
      cancel: (timer) => this.#timers.delete(timer),
    };
  }
}

/** What leaves a server can be read by a device, whatever was asked. */
function assertReadable(message: ServerMessage): void {
  const bytes = encode(message);
  if (bytes.length > LIMITS.frameBytesFromServer) throw new Error(`${message.type} of ${bytes.length} bytes`);
  const { maps, rest } = takeMaps(bytes);
  const [read] = rest ? decodeTurn(rest) : [{ ok: maps.length > 0 }];
  if (read?.ok !== true) throw new Error(`a device cannot read ${JSON.stringify(read)} of ${message.type}`);
  const decoded = decode(bytes, 'server');
  if (!decoded.ok) throw new Error(`${message.type} leaves as ${decoded.code} ${decoded.path ?? ''}`);
}
