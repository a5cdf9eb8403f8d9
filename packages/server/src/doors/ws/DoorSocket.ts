import { LIMITS } from '@topgun/protocol';
import { type RawData, type Server, WebSocket, WebSocketServer } from 'ws';
import { isGoodbye } from '../../transport/isGoodbye.js';
import { chooseProtocol } from '../../transport/tokenOfHandshake.js';
import { refuseBroken } from '../../transport/Upgrades.js';
import type { JsonConnection } from './JsonConnection.js';

/** A socket that knows whose it is, so that one set of listeners serves all (WSJ-41). */
export class DoorSocket extends WebSocket {
  #connection: JsonConnection | undefined;

  /** From now on what it brings is the connection's. */
  attach(connection: JsonConnection): void {
    this.#connection = connection;
    this.on('message', onMessage);
    this.on('pong', onPong);
    this.on('error', onError);
    this.on('close', onClose);
  }

  static of(socket: WebSocket): JsonConnection | undefined {
    return socket instanceof DoorSocket ? socket.#connection : undefined;
  }
}

export function doorServer(): Server<typeof DoorSocket> {
  const server = new WebSocketServer({
    noServer: true,
    perMessageDeflate: false,
    clientTracking: false,
    maxPayload: LIMITS.wsFrameBytes,
    maxFragments: LIMITS.fragments,
    handleProtocols: chooseProtocol,
    WebSocket: DoorSocket,
  });
  server.on('wsClientError', refuseBroken);
  return server;
}

function onMessage(this: WebSocket, data: RawData, isBinary: boolean): void {
  const conn = DoorSocket.of(this);
  if (Buffer.isBuffer(data)) conn?.owner.received(conn, data, isBinary);
}

function onPong(this: WebSocket): void {
  const conn = DoorSocket.of(this);
  conn?.owner.heard(conn);
}

/** ws closes by itself after a protocol fault; 'close' follows. */
function onError(this: WebSocket, error: Error): void {
  if ('code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    DoorSocket.of(this)?.owner.tooLarge();
}

function onClose(this: WebSocket, code: number): void {
  const conn = DoorSocket.of(this);
  conn?.owner.gone(conn, isGoodbye(code));
}
