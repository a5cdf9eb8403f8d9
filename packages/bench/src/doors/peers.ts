import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Server as SocketIo } from 'socket.io';
import { WebSocketServer } from 'ws';
import { type CpuAnswer, cpuAnswer, type MemoryAnswer, memoryAnswer } from '../server/requests.js';
import { drive } from './drive.js';
import type { BenchMessage } from './message.js';
import type { DoorServerRequest } from './requests.js';

/** A server that sends every message to all who are there. */
interface Peer {
  readonly port: number;
  publish(message: BenchMessage): void;
}

type Answer = CpuAnswer | MemoryAnswer | { readonly port: number };

/** The role of a peer's process. */
const roleOf = (start: () => Promise<Peer>) => {
  let peer: Peer | undefined;
  return async (request: DoorServerRequest): Promise<Answer> => {
    if (request.what === 'cpu') return cpuAnswer();
    if (request.what === 'memory') return memoryAnswer();
    peer ??= await start();
    if (request.what === 'publish') await drive((message) => peer?.publish(message), request);
    return { port: peer.port };
  };
};

async function listening(server: ReturnType<typeof createServer>): Promise<number> {
  server.listen(0, '127.0.0.1', 4_096);
  await new Promise((resolve) => server.once('listening', resolve));
  return (server.address() as AddressInfo).port;
}

/** What our doors say of a message too, so that all send the same number of bytes. */
const said = (data: BenchMessage): string =>
  JSON.stringify({
    type: 'message',
    payload: data,
    timestamp: new Date().toISOString(),
    from_user: 'bench',
    message_id: '01234567890123456789AB',
  });

/** ws alone: a message is encoded once and sent to each. */
export const bareWs = roleOf(async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http, perMessageDeflate: false });
  return {
    port: await listening(http),
    publish(message) {
      const frame = Buffer.from(said(message));
      for (const socket of server.clients) socket.send(frame, { binary: false });
    },
  };
});

/** No server at all but the writes: what a delivery costs anybody who writes to sockets of Node, one write for each message. */
export const bareNet = roleOf(async () => {
  const http = createServer();
  const handshakes = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const sockets: Socket[] = [];
  http.on('upgrade', (request, stream, head) =>
    handshakes.handleUpgrade(request, stream, head, () => sockets.push(stream as Socket)),
  );
  return {
    port: await listening(http),
    publish(message) {
      const frame = textFrame(said(message));
      for (const socket of sockets) socket.write(frame);
    },
  };
});

/** A whole message, as servers frame it, of 126 to 65,535 bytes. */
function textFrame(text: string): Buffer {
  const body = Buffer.from(text);
  const head = Buffer.from([0x81, 126, 0, 0]);
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

/** node:http alone: the same for streams of events. */
export const bareSse = roleOf(async () => {
  const streams = new Set<ServerResponse>();
  const http = createServer((_, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    response.write('data: {"type":"connected"}\n\n');
    streams.add(response);
    response.on('close', () => streams.delete(response));
  });
  http.keepAliveTimeout = 0;
  return {
    port: await listening(http),
    publish(message) {
      const frame = Buffer.from(`id: 01234567-1234567890123\ndata: ${said(message)}\n\n`);
      for (const stream of streams) stream.write(frame);
    },
  };
});

/** socket.io as it comes, on WebSockets, to a room that all are in. */
export const socketIo = roleOf(async () => {
  const http = createServer();
  const io = new SocketIo(http, { transports: ['websocket'], serveClient: false });
  io.on('connection', (socket) => void socket.join('bench'));
  return {
    port: await listening(http),
    publish(message) {
      io.to('bench').emit('message', {
        payload: message,
        timestamp: new Date().toISOString(),
        from_user: 'bench',
        message_id: '01234567890123456789AB',
      });
    },
  };
});
