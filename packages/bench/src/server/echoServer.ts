import type { AddressInfo } from 'node:net';
import { WebSocketServer } from 'ws';
import type { CpuAnswer, ServerRequest } from './requests.js';
import { cpuAnswer } from './requests.js';

/** The limit: a bare ws server that sends every frame back. */
export async function echoServer(request: ServerRequest): Promise<CpuAnswer | { port: number }> {
  if (request.what !== 'start') return cpuAnswer();
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: false });
  server.on('connection', (socket) =>
    socket.on('message', (data) => socket.send(data as Buffer, { binary: true })),
  );
  await new Promise((resolve) => server.once('listening', resolve));
  return { port: (server.address() as AddressInfo).port };
}
