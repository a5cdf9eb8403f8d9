import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ClientMessage, ErrorCode, ServerMessage } from '@topgun/protocol';
import { CLOSE_CODE, decode, encode, explainRefusal, LIMITS } from '@topgun/protocol';
import type { WebSocket } from 'ws';
import { WebSocketServer } from 'ws';
import type { LimitCounts } from '../limits/LimitCounts.js';
import type { SharedMessage } from '../topics/ports.js';
import { ClientSocket } from './ClientSocket.js';
import { frameBytes } from './frameBytes.js';
import type { Seat } from './HandshakeGuard.js';
import { isGoodbye } from './isGoodbye.js';
import { limitStranger } from './limitStranger.js';
import type { OutQueues, SlowLimit, SlowSocket } from './OutQueues.js';
import { PacedCuts } from './PacedCuts.js';
import { refuseRequest } from './refuseRequest.js';
import { TurnJoiner } from './TurnJoiner.js';
import { chooseProtocol, tokenOfHandshake } from './tokenOfHandshake.js';
import { type Handshake, refuseBroken, type UpgradeDoor } from './Upgrades.js';

/** What sockets tell the rest of the server. Connections are numbered from 1 and never reused. */
export interface TransportListener {
  /** `token` came with the handshake, and was accepted there */
  opened(conn: number, remote: string, token: string | undefined, request: IncomingMessage): void;
  /** `bytes`: the size it came in */
  message(conn: number, message: ClientMessage, bytes: number): void;
  /** a frame that could not be read */
  refused(conn: number, code: ErrorCode, path: string | undefined): void;
  /** a socket holds too much of what it was sent; later, the network has taken all of it */
  pressed(conn: number, isBehind: boolean): void;
  /** a socket that is not read for now, because it does not take what it is sent; told every second */
  unread(conn: number): void;
  /** `hasLeft`: its client said that it goes, and not why */
  closed(conn: number, hasLeft: boolean): void;
}

export interface TransportOptions {
  readonly listener: TransportListener;
  readonly limits: LimitCounts;
  /** The status that refuses a token of the handshake; undefined when it is good. */
  readonly judgeToken: (token: string) => Promise<401 | 503 | undefined>;
  readonly onHandshakeRefused: (status: number) => void;
  /** a socket is closed because it did not take what it was sent */
  readonly onTooSlow: (limit: SlowLimit) => void;
  /** what all sockets together hold unsent */
  readonly queues: OutQueues<SlowSocket>;
}

export interface TransportStats {
  readonly connections: number;
  readonly unsentBytes: number;
  readonly framesIn: number;
  readonly framesOut: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** sockets closed because they did not take what they were sent */
  readonly slowClosed: number;
}

/** A handshake that was let in. */
interface Visit {
  readonly address: string;
  readonly socket: WebSocket;
  readonly stream: Duplex;
  readonly request: IncomingMessage;
  readonly seat: Seat;
}

/**
 * WebSockets: bytes to messages and back. It decides nothing about messages; it bounds what a socket may cost.
 *
 * Messages sent during a turn are gathered and written by `flush`, one write per socket. A message for many is encoded
 * and framed once.
 */
export class WebSocketTransport implements UpgradeDoor {
  readonly #options: TransportOptions;
  readonly #server: WebSocketServer;
  readonly #connections = new Map<number, ClientSocket>();
  readonly #seats = new WeakMap<ClientSocket, Seat>();
  readonly #cuts = new PacedCuts();
  readonly #joiner = new TurnJoiner();
  /** those with frames of this turn */
  #dirty: ClientSocket[] = [];
  readonly #counts = { framesIn: 0, framesOut: 0, bytesIn: 0, bytesOut: 0, slowClosed: 0 };
  readonly #queues: OutQueues<SlowSocket>;
  #lastId = 0;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#queues = options.queues;
    this.#server = new WebSocketServer({
      noServer: true,
      perMessageDeflate: false,
      clientTracking: false,
      maxPayload: LIMITS.frameBytes,
      maxFragments: LIMITS.fragments,
      handleProtocols: chooseProtocol,
    });
    this.#server.on('wsClientError', refuseBroken);
  }

  upgrade({ request, stream, head, address, seat }: Handshake): void {
    const token = tokenOfHandshake(request.headers);
    const open = (): void =>
      this.#server.handleUpgrade(request, stream, head, (socket) =>
        this.#open({ address, socket, stream, request, seat }, token),
      );
    if (token === undefined) return open();
    const judged = token === 'several' ? Promise.resolve(401) : this.#options.judgeToken(token);
    judged.then(
      (refusal) => (refusal === undefined ? open() : this.#refuse(stream, refusal)),
      () => this.#refuse(stream, 503),
    );
  }

  #refuse(stream: Duplex, status: number): void {
    this.#options.onHandshakeRefused(status);
    refuseRequest(stream, status);
  }

  send(conn: number, message: ServerMessage): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined) return;
    if (message.type === 'AUTH_ACK' && !connection.authenticated) {
      connection.authenticated = true;
      this.#seats.get(connection)?.authenticated();
    }
    this.#push(connection, frameBytes(encode(message)), message);
  }

  sendShared(conns: readonly number[], message: ServerMessage, shared?: SharedMessage): void {
    const make = (): Buffer => frameBytes(encode(message));
    const frame = shared === undefined ? make() : shared.encoded('binary', make);
    for (const conn of conns) {
      const connection = this.#connections.get(conn);
      if (connection !== undefined) this.#push(connection, frame, message);
    }
  }

  /** Writes everything sent in this turn. */
  flush(): void {
    const dirty = this.#dirty;
    if (dirty.length === 0) return;
    this.#dirty = [];
    for (const connection of dirty) {
      const bytes = connection.flush();
      this.#counts.bytesOut += bytes;
      if (connection.unsentBytes > 0) this.#queues.wrote(connection, bytes);
    }
    this.#joiner.release();
  }

  /** To be called every `LIMITS.watchQueuesMs`: closes who takes nothing (FLOW-6). `monoMs` never goes back. */
  watch(monoMs: number): void {
    this.#queues.watch(monoMs);
    for (const connection of this.#connections.values())
      if (connection.isUnread) this.#options.listener.unread(connection.id);
  }

  close(conn: number, code: number, reason: string): void {
    const connection = this.#connections.get(conn);
    this.#connections.delete(conn);
    connection?.close(code, reason);
    this.#joiner.release();
  }

  /** Says good-bye to all, waits at most `waitMs` for their answers, then cuts what is left. */
  async closeAll(waitMs: number): Promise<void> {
    this.flush();
    const left = [...this.#connections.values()];
    for (const connection of left) connection.close(CLOSE_CODE.GOING_AWAY, 'server is stopping');
    if (left.length > 0) await this.#allGone(waitMs);
    for (const connection of this.#connections.values()) connection.destroy();
    this.#cuts.finish();
    this.#server.close();
  }

  stats(): TransportStats {
    let unsentBytes = 0;
    for (const connection of this.#connections.values()) unsentBytes += connection.unsentBytes;
    return {
      connections: this.#connections.size,
      unsentBytes,
      ...this.#counts,
    };
  }

  #open({ address, socket, stream, request, seat }: Visit, token?: string): void {
    const { listener, limits } = this.#options;
    const id = ++this.#lastId;
    const connection: ClientSocket = new ClientSocket(id, address, socket, stream, this.#joiner, {
      // Told at the end of a turn, which is no time for an input.
      pressed: (isBehind) =>
        setImmediate(() => {
          if (!this.#connections.has(id)) return;
          listener.pressed(id, isBehind);
          for (const held of connection.release()) this.#read(connection, ...held);
        }),
      tooSlow: (limit) => this.#closeSlow(connection, limit),
      overdue: () => this.#cuts.add(connection),
    });
    this.#connections.set(id, connection);
    this.#seats.set(connection, seat);
    request.socket.setNoDelay(true);
    limitStranger(
      request.socket,
      () => connection.authenticated,
      () => {
        limits.hit('bytesPreAuth');
        connection.destroy();
      },
    );
    socket.on('message', (data, isBinary) => this.#receive(connection, data as Buffer, isBinary));
    // ws closes by itself after a protocol fault; 'close' follows.
    socket.on('error', (error) => {
      if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') limits.hit('frameBytes');
    });
    socket.on('close', (code) => {
      this.#queues.left(connection);
      // A connection the engine closed is forgotten there already.
      if (this.#connections.delete(id)) listener.closed(id, isGoodbye(code));
      this.#onGone?.();
    });
    listener.opened(id, address, token, request);
  }

  #receive(connection: ClientSocket, data: Buffer, isBinary: boolean): void {
    if (!connection.holds(data, isBinary)) this.#read(connection, data, isBinary);
  }

  #read(connection: ClientSocket, data: Buffer, isBinary: boolean): void {
    const { listener } = this.#options;
    if (!this.#connections.has(connection.id)) return;
    this.#counts.framesIn++;
    this.#counts.bytesIn += data.length;
    if (!isBinary) {
      listener.refused(connection.id, 'BAD_FRAME', 'TEXT@0');
      return;
    }
    if (!connection.authenticated && data.length > LIMITS.frameBytesPreAuth)
      this.#options.limits.hit('frameBytesPreAuth');
    const decoded = decode(data, connection.authenticated ? 'client' : 'preauth', explainRefusal);
    if (decoded.ok) listener.message(connection.id, decoded.message, data.length);
    else listener.refused(connection.id, decoded.code, decoded.path);
  }

  /** Where all sockets together hold too much, memory is what is short: one is cut at once, without a word that it would not read. */
  #closeSlow(connection: ClientSocket, limit: SlowLimit): void {
    const { id } = connection;
    if (!this.#connections.delete(id)) return;
    this.#counts.slowClosed++;
    this.#options.onTooSlow(limit);
    if (limit === 'outQueuesHeapShare') connection.destroy();
    else connection.close(CLOSE_CODE.TRY_LATER, 'too slow');
    setImmediate(() => this.#options.listener.closed(id, false));
  }

  #push(connection: ClientSocket, frame: Buffer, { type }: ServerMessage): void {
    this.#counts.framesOut++;
    if (connection.push(frame, type === 'CLUSTER_MAP')) this.#dirty.push(connection);
  }

  #onGone: (() => void) | undefined;

  #allGone(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#onGone = () => {
        if (this.#connections.size > 0) return;
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
