import { packTime } from '@topgun/core';
import {
  type Base,
  type ClientMessage,
  CONCERN,
  type Concern,
  type Kind,
  type MessageOf,
  type MessageType,
  OP,
  type OpAckMessage,
  type OpRow,
  type Outcome,
  PROTOCOL_VERSION,
  type SubRow,
} from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';

/** What a device needs of the node it talks to. */
export interface TestWire {
  readonly now: number;
  receive(conn: number, message: ClientMessage): void;
  messages<T extends MessageType>(conn: number, type: T): MessageOf<T>[];
}

export interface TestDeviceOptions {
  readonly clientId?: string;
  readonly session?: string;
  readonly roles?: readonly string[];
  readonly claims?: Readonly<Record<string, unknown>>;
  readonly expiresAtMs?: number;
}

/** What an answer said of one op. */
export interface Answered {
  readonly seq: number;
  readonly level: number;
  readonly outcome: Outcome;
  readonly pid: number;
  readonly epoch: number;
  readonly n: number;
}

/** The other end of a socket: it sends frames and reads what came back, and knows nothing else. */
export class TestDevice {
  readonly conn: number;
  readonly sub: string;
  readonly clientId: string;
  readonly session: string;
  readonly principal: Principal;
  seq = 0;
  settledBelow = 0;
  incarnation = 'life-1';
  readonly #node: TestWire;
  #counter = 0;
  #req = 0;

  constructor(node: TestWire, conn: number, sub: string, options: TestDeviceOptions) {
    this.#node = node;
    this.conn = conn;
    this.sub = sub;
    this.clientId = options.clientId ?? `client-${conn}`.padEnd(22, '_');
    this.session = options.session ?? `sess-${conn}`.padEnd(11, '_');
    this.principal = {
      sub,
      roles: options.roles ?? ['user'],
      claims: options.claims ?? {},
      ...(options.expiresAtMs === undefined ? undefined : { expiresAtMs: options.expiresAtMs }),
    };
  }

  /** `incarnation`: the store that has answered this device before. */
  auth(sessions: readonly string[] = [this.session], incarnation?: string): void {
    this.#node.receive(this.conn, {
      type: 'AUTH',
      versions: [PROTOCOL_VERSION, PROTOCOL_VERSION],
      clientId: this.clientId,
      sessions,
      token: 'token',
      ...(incarnation !== undefined && { incarnation }),
    });
  }

  /** A stamp later than all before it of this device. */
  stamp(aheadMs = 0): number {
    return packTime(this.#node.now + aheadMs, this.#counter++);
  }

  put(map: string, key: string, value: unknown, concern: Concern = CONCERN.PERSISTED): OpRow {
    return this.ops([map], [[++this.seq, OP.PUT, 0, key, this.stamp(), null, value]], concern);
  }

  /** A write made on a version; without value a removal. */
  putOn(base: Base, map: string, key: string, value?: unknown): OpRow {
    const code = value === undefined ? OP.REMOVE : OP.PUT;
    return this.ops([map], [[++this.seq, code, 0, key, this.stamp(), base, value ?? null]]);
  }

  remove(map: string, key: string): OpRow {
    return this.ops([map], [[++this.seq, OP.REMOVE, 0, key, this.stamp(), null, null]]);
  }

  add(map: string, key: string, value: unknown): string {
    this.ops([map], [[++this.seq, OP.OR_ADD, 0, key, this.stamp(), null, value]]);
    return `${this.clientId}:${this.session}:${this.seq}`;
  }

  removeTags(map: string, key: string, tags: readonly string[]): OpRow {
    return this.ops([map], [[++this.seq, OP.OR_REMOVE, 0, key, this.stamp(), null, tags]]);
  }

  increment(map: string, key: string, delta: number): OpRow {
    return this.ops([map], [[++this.seq, OP.INCREMENT, 0, key, this.stamp(), null, delta]]);
  }

  transaction(maps: readonly string[], writes: readonly SubRow[]): OpRow {
    const [first] = writes as [SubRow];
    return this.ops(maps, [[++this.seq, OP.TRANSACTION, first[1], first[2], this.stamp(), null, writes]]);
  }

  /** Sends rows as they are; returns the last one, to be sent again. */
  ops(
    maps: readonly string[],
    rows: readonly OpRow[],
    concern: Concern = CONCERN.PERSISTED,
    session = this.session,
  ): OpRow {
    const { settledBelow, incarnation } = this;
    this.#node.receive(this.conn, { type: 'OPS', session, settledBelow, incarnation, concern, maps, rows });
    return rows.at(-1) as OpRow;
  }

  syncInit(
    map: string,
    kind: Kind = 'LWW',
    root = 0,
    cursor?: Uint8Array,
  ): MessageOf<'SYNC_ROOT'> | undefined {
    const req = ++this.#req;
    this.#node.receive(this.conn, { type: 'SYNC_INIT', req, map, kind, root, ...(cursor && { cursor }) });
    return this.all('SYNC_ROOT').find((message) => message.req === req);
  }

  get nextReq(): number {
    return ++this.#req;
  }

  send(message: ClientMessage): void {
    this.#node.receive(this.conn, message);
  }

  all<T extends MessageType>(type: T): MessageOf<T>[] {
    return this.#node.messages(this.conn, type);
  }

  last<T extends MessageType>(type: T): MessageOf<T> | undefined {
    return this.all(type).at(-1);
  }

  /** Codes of the errors that came, in order. */
  get errors(): string[] {
    return this.all('ERROR').map(({ code }) => code);
  }

  /** Every answer to every op, in the order they came. */
  get answers(): Answered[] {
    return this.all('OP_ACK').flatMap(answersIn);
  }

  /** What became of an op for good. */
  outcomeOf(seq: number): Answered | undefined {
    return this.answers.filter((answer) => answer.seq === seq && answer.level === CONCERN.PERSISTED).at(-1);
  }

  /** The code an op was refused with. */
  codeOf(seq: number): string | undefined {
    const exceptions = this.all('OP_ACK').flatMap(({ ex }) => ex ?? []);
    return exceptions.filter(([at, code]) => at === seq && code !== null).at(-1)?.[1] ?? undefined;
  }
}

export function answersIn({ level, epoch, spans, pos }: OpAckMessage): Answered[] {
  const answers: Answered[] = [];
  for (const [from, count, outcome] of spans) {
    for (let seq = from; seq < from + count; seq++) {
      const at = answers.length * 2;
      answers.push({ seq, level, outcome, pid: pos[at] ?? -1, epoch, n: pos[at + 1] ?? -1 });
    }
  }
  return answers;
}
