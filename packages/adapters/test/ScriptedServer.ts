import {
  type ConnectionEvents,
  ConnectionListeners,
  type IConnectionProvider,
  type Unsubscribe,
} from '@topgun/client';
import { partitionOf } from '@topgun/core';
import {
  ACK_LEVEL,
  type ClientMessage,
  decode,
  type ErrorCode,
  encode,
  type MessageOf,
  OUTCOME,
  packPositions,
  type ServerMessage,
} from '@topgun/protocol';

const EPOCH = 1;

/** A server of a few lines for tests of the client's shell: takes every op and claims that every root is equal. */
export class ScriptedServer {
  readonly received: ClientMessage[] = [];
  readonly connections = new Set<ScriptedProvider>();
  /** Refuses AUTH while it returns a code. */
  refuseToken: (token: string | undefined) => ErrorCode | undefined = () => undefined;
  /** Rejects the op on a key while it returns a code. */
  refuseKey: (key: string) => ErrorCode | undefined = () => undefined;
  /** While false nothing of an op is answered. */
  isAnswering = true;
  #n = 0;

  provider(): ScriptedProvider {
    return new ScriptedProvider(this);
  }

  all<T extends ClientMessage['type']>(type: T): MessageOf<T>[] {
    return this.received.filter((message): message is MessageOf<T> & ClientMessage => message.type === type);
  }

  /** The keys of all ops in the order they came. */
  get keys(): string[] {
    return this.all('OPS').flatMap((message) => message.rows.map((row) => row[3]));
  }

  send(message: ServerMessage): void {
    for (const connection of this.connections) connection.deliver(encode(message));
  }

  receive(frame: Uint8Array, from: ScriptedProvider): void {
    const decoded = decode(frame, 'client');
    if (!decoded.ok) throw new Error(`the client sent ${decoded.code} ${decoded.path}`);
    const { message } = decoded;
    this.received.push(message);
    for (const answer of this.#answer(message)) from.deliver(encode(answer));
  }

  #answer(message: ClientMessage): ServerMessage[] {
    switch (message.type) {
      case 'AUTH':
        return [this.#auth(message)];
      case 'SYNC_INIT':
        return [
          {
            type: 'SYNC_ROOT',
            req: message.req,
            map: message.map,
            root: message.root,
            at: packPositions([]),
          },
        ];
      case 'QUERY_SUB':
        return [{ type: 'QUERY_RESP', query: message.query, v: 0, nodes: [], rows: [], last: true, part: 0 }];
      case 'OPS':
        return this.isAnswering ? [this.#ack(message)] : [];
      case 'PING':
        return [{ type: 'PONG', id: message.id, serverTime: Date.now() }];
      default:
        return [];
    }
  }

  #auth(message: MessageOf<'AUTH'>): ServerMessage {
    const code = this.refuseToken(message.token);
    if (code !== undefined) return { type: 'ERROR', code, message: 'refused by the script' };
    return {
      type: 'AUTH_ACK',
      version: 1,
      serverTime: Date.now(),
      incarnation: 'first',
      userId: 'user',
      heartbeatMs: 5_000,
      limits: { opsPerFrame: 500, frameBytes: 262_144, seqWindow: 8_192 },
    };
  }

  #ack(message: MessageOf<'OPS'>): ServerMessage {
    const refusals = message.rows.map((row) => this.refuseKey(row[3]));
    return {
      type: 'OP_ACK',
      session: message.session,
      level: ACK_LEVEL.PERSISTED,
      epoch: EPOCH,
      spans: message.rows.map(([seq], i) => [
        seq,
        1,
        refusals[i] === undefined ? OUTCOME.APPLIED : OUTCOME.REJECTED,
      ]),
      pos: message.rows.flatMap((row, i) => {
        if (refusals[i] !== undefined) return [0, 0];
        this.#n += 1;
        return [partitionOf(row[3]), this.#n];
      }),
      ex: message.rows.flatMap(([seq], i) => {
        const code = refusals[i];
        return code === undefined ? [] : [[seq, code, null] as const];
      }),
    };
  }
}

/** A connection to a scripted server in the same process, with the timing of a real one: nothing happens inside a call. */
export class ScriptedProvider implements IConnectionProvider {
  readonly hasServer = true;
  readonly closedWith: number[] = [];
  readonly #server: ScriptedServer;
  readonly #listeners = new ConnectionListeners();
  #connection: object | undefined;

  constructor(server: ScriptedServer) {
    this.#server = server;
  }

  connect(): void {
    this.#connection = {};
    this.#server.connections.add(this);
    this.#later(() => this.#listeners.emit('connected', undefined));
  }

  send(frame: Uint8Array): void {
    this.#later(() => this.#server.receive(frame, this));
  }

  deliver(frame: Uint8Array): void {
    this.#later(() => this.#listeners.emit('message', frame));
  }

  isConnected(): boolean {
    return this.#connection !== undefined;
  }

  on<E extends keyof ConnectionEvents>(
    event: E,
    callback: (value: ConnectionEvents[E]) => void,
  ): Unsubscribe {
    return this.#listeners.on(event, callback);
  }

  close(code = 1000): void {
    if (this.#connection === undefined) return;
    this.closedWith.push(code);
    this.drop(code);
  }

  /** The connection ends. */
  drop(code = 1006): void {
    this.#connection = undefined;
    this.#server.connections.delete(this);
    queueMicrotask(() => {
      if (this.#connection === undefined) this.#listeners.emit('disconnected', { code, reason: '' });
    });
  }

  #later(work: () => void): void {
    const connection = this.#connection;
    queueMicrotask(() => {
      if (this.#connection === connection) work();
    });
  }
}
