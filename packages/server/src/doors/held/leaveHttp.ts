import type { ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';

/** What HTTP listens to on a socket. */
const EVENTS = ['data', 'end', 'drain', 'error', 'timeout', 'close'] as const;

/**
 * Takes the socket of an answer that is held open away from HTTP, which would keep a parser, a request, a response and a dozen functions
 * for a socket that never asks again: more than half of what the connection costs. What the client sends from now on is thrown away.
 *
 * HTTP lets go of what it has when its socket closes, so it is told that.
 */
export function leaveHttp(response: ServerResponse, socket: Socket): void {
  const { req: request } = response;
  // What is left of a request is its parser's to read.
  if (!request.readableEnded || !(socket instanceof Socket) || socket instanceof TLSSocket) return;
  socket.emit('close', false);
  response.detachSocket(socket);
  for (const event of EVENTS) socket.removeAllListeners(event);
  socket.on('error', ignore);
  socket.on('end', endIt);
  socket.resume();
}

function ignore(): void {
  // What failed closes by itself.
}

function endIt(this: Socket): void {
  this.end();
}
