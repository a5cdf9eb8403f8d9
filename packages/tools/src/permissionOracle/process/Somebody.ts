import { PARTITION_COUNT, packTime } from '@topgun/core';
import {
  CONCERN,
  type DeviceMessage,
  type OpRow,
  PROTOCOL_VERSION,
  packHashes,
  type ServerMessage,
} from '@topgun/protocol';
import { decodeTurn, encode } from '@topgun/protocol/device';
import type { Policy, Principal } from '@topgun/server/engine';
import type { FrameJudge } from '@topgun/sim/internal/oracle/FrameJudge';
import { digestOf, type KnownData } from '@topgun/sim/internal/oracle/KnownData';
import { outletsOf } from '@topgun/sim/internal/oracle/outlets';
import { Person, Viewer } from '@topgun/sim/internal/oracle/Viewer';
import { count, type Tally } from '../Tally.js';
import { MAPS, TOPICS } from '../world.js';
import { RawSocket } from './RawSocket.js';

const DEADLINE_MS = 20_000;
const TICKS_PER_MS = 2048;

export interface Surroundings {
  readonly port: number;
  readonly data: KnownData;
  readonly judge: FrameJudge;
  readonly policies: readonly Policy[];
  readonly tally: Tally;
  readonly leaks: string[];
}

/** Somebody on a real socket, all of whose bytes pass the oracle as they arrive. */
export class Somebody {
  readonly viewer: Viewer;
  principal: Principal | undefined;
  readonly session: string;
  incarnation = '';
  readonly #around: Surroundings;
  #token: string | undefined;
  #socket: RawSocket | undefined;
  readonly #received: ServerMessage[] = [];
  #wake = (): void => undefined;
  #seq = 0;
  #stamp = 0;
  #req = 0;

  /** Without principal a stranger. */
  constructor(
    around: Surroundings,
    principal: Principal | undefined,
    token: string | undefined,
    session: string,
  ) {
    this.#around = around;
    this.principal = principal;
    this.#token = token;
    this.session = session;
    this.viewer = new Viewer(around.data);
    if (principal !== undefined) this.viewer.become({ principal, policies: around.policies }, new Person());
  }

  get name(): string {
    return this.principal?.sub ?? 'a stranger';
  }

  get token(): string | undefined {
    return this.#token;
  }

  async connect(): Promise<void> {
    this.#socket = await RawSocket.open(this.#around.port, (message) => this.#message(message));
    if (this.principal !== undefined) await this.#authenticate();
  }

  /** The same person with another token, on the same socket. */
  async renew(principal: Principal, token: string): Promise<void> {
    this.principal = principal;
    this.#token = token;
    this.viewer.become({ principal, policies: this.#around.policies }, this.viewer.person);
    await this.#authenticate();
  }

  async #authenticate(): Promise<void> {
    const versions = [PROTOCOL_VERSION, PROTOCOL_VERSION] as const;
    const { clientId } = this;
    this.send({
      type: 'AUTH',
      versions,
      clientId,
      sessions: [this.session],
      ...(this.#token !== undefined && { token: this.#token }),
    });
    const ack = await this.until('AUTH_ACK');
    if (ack.type === 'AUTH_ACK') this.incarnation = ack.incarnation;
  }

  send(message: DeviceMessage): void {
    this.viewer.received(message);
    this.#socket?.send(encode(message));
  }

  /** Everything that can be asked for, of every map and topic. */
  askForAll(): void {
    const { data } = this.#around;
    for (const { name: map, kind } of MAPS) {
      this.send({ type: 'SYNC_INIT', req: ++this.#req, map, kind, root: 1 });
      const nodes = Array.from({ length: PARTITION_COUNT }, (_, pid) => [pid, '', null] as const);
      this.send({ type: 'MERKLE_REQ', req: ++this.#req, map, nodes });
      const rows = [...data.rows(map)].filter((row) => row.value !== undefined);
      const items = rows.map((row) => [row.pid, '', packHashes([digestOf(row, row.value)])] as const);
      if (items.length > 0) this.send({ type: 'ROWS_REQ', req: ++this.#req, map, items });
      this.send({ type: 'QUERY_SUB', query: `all ${map}`.replaceAll(/[^a-z]/g, '-'), map });
      this.send({
        type: 'QUERY_SUB',
        query: `top ${map}`.replaceAll(/[^a-z]/g, '-'),
        map,
        sort: [['pin', 'desc']],
        limit: 2,
      });
      this.send({
        type: 'QUERY_SUB',
        query: `low ${map}`.replaceAll(/[^a-z]/g, '-'),
        map,
        where: { op: 'lt', path: 'pin', value: 5 },
      });
    }
    for (const topic of TOPICS) this.send({ type: 'TOPIC_SUB', topic });
  }

  get clientId(): string {
    return `client-${this.name}`.padEnd(22, '_');
  }

  /** Of the op that is written next. */
  get nextSeq(): number {
    return this.#seq + 1;
  }

  /** Ops on one map, the first stamped `t`; resolves when they are answered for good. */
  async write(
    map: string,
    writes: readonly (readonly [OpRow[1], string, unknown])[],
    t: number,
  ): Promise<void> {
    const rows = writes.map(
      ([code, key, payload], i): OpRow => [++this.#seq, code, 0, key, t + i, null, payload ?? null],
    );
    const { session, incarnation } = this;
    this.send({
      type: 'OPS',
      session,
      settledBelow: 0,
      incarnation,
      concern: CONCERN.PERSISTED,
      maps: [map],
      rows,
    });
    for (let open = rows.length; open > 0; ) {
      const ack = await this.until('OP_ACK');
      if (ack.type === 'OP_ACK') open -= ack.pos.length / 2;
    }
  }

  /** A stamp above all before it that are not `agoMs` old. */
  stamp(agoMs = 0): number {
    this.#stamp = Math.max(this.#stamp + 1, packTime(Date.now(), 0));
    return this.#stamp - agoMs * TICKS_PER_MS;
  }

  /** Everything that the server had for this socket has arrived. */
  async settle(): Promise<void> {
    if (this.principal === undefined) return;
    const id = ++this.#req;
    this.send({ type: 'PING', id });
    for (;;) {
      const pong = await this.until('PONG');
      if (pong.type === 'PONG' && pong.id === id) return;
    }
  }

  /** The next message of a type. */
  async until(type: ServerMessage['type']): Promise<ServerMessage> {
    const deadline = Date.now() + DEADLINE_MS;
    for (;;) {
      const at = this.#received.findIndex((message) => message.type === type);
      if (at >= 0) return this.#received.splice(0, at + 1)[at] as ServerMessage;
      if (Date.now() > deadline) throw new Error(`${this.name} got no ${type} within ${DEADLINE_MS} ms`);
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, 200);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
  }

  /** Ends the socket; what arrived of it beside messages is judged, too: the handshake, frame headers, the reason of a close. */
  end(): void {
    const { judge, leaks, tally } = this.#around;
    const { arrived = [], closed } = this.#socket ?? {};
    this.#socket?.end();
    const [handshake] = arrived;
    for (const bytes of [handshake, closed && Buffer.from(closed.reason)]) {
      if (bytes === undefined) continue;
      count(tally, 'handshake or close');
      leaks.push(...judge.text(this.viewer, bytes, `handshake or close of ${this.name}`));
    }
  }

  #message(payload: Buffer): void {
    const { judge, tally, leaks } = this.#around;
    const turn = [...decodeTurn(payload)];
    const types = turn.flatMap((decoded) => (decoded.ok ? [decoded.message.type] : []));
    for (const decoded of turn) {
      if (!decoded.ok) throw new Error(`${this.name} cannot read a frame: ${decoded.code}`);
      const { message } = decoded;
      const asked =
        'query' in message && message.query !== undefined
          ? this.viewer.queries.get(message.query)?.spec
          : undefined;
      for (const outlet of outletsOf(message, asked)) count(tally, outlet);
      // Pongs are this harness's own.
      if (message.type !== 'PONG') tally.frames++;
      // All of the bytes that came with it, for a turn is one message.
      const judged = judge.frame(this.viewer, message, payload, types);
      if (judged.permitted > 0) tally.withCanaries++;
      leaks.push(...judged.leaks.map((leak) => `${leak} (to ${this.name})`));
      this.#received.push(message);
    }
    this.#wake();
  }
}
