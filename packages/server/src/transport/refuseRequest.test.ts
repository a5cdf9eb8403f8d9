import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen } from '../doors/listen.js';
import { answerBrokenRequests, refuseHandshake } from './refuseRequest.js';

let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer({ maxHeaderSize: 1_024, headersTimeout: 60, connectionsCheckingInterval: 20 });
  answerBrokenRequests(server);
  server.on('upgrade', (request, stream) => refuseHandshake(stream, request));
  server.on('request', (_request, response) => response.end('fine'));
  ({ port } = await listen(server, '127.0.0.1', 0));
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

/** Status and code of what is answered before the connection is closed by the server. */
async function answerTo(text: string): Promise<readonly [status: number, code: unknown]> {
  const socket = connect(port, '127.0.0.1');
  let answer = '';
  socket.on('data', (bytes) => {
    answer += bytes.toString();
  });
  socket.write(text);
  await once(socket, 'close');
  const [head = '', body = ''] = answer.split('\r\n\r\n');
  return [Number(head.split(' ')[1]), (JSON.parse(body) as { readonly code: unknown }).code];
}

const upgrade = 'Host: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';

describe('refuseRequest', () => {
  it.each([
    ['noise', 'x\r\n\r\n', 400, 'BAD_REQUEST'],
    [
      'headers that are too large',
      `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(2_000)}\r\n\r\n`,
      431,
      'LIMIT',
    ],
    ['[BRG-6] a URL that is too long', `GET /${'a'.repeat(2_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 414, 'LIMIT'],
    ['[BRG-6] a URL that never ends', `GET /${'a'.repeat(2_000)}`, 414, 'LIMIT'],
    [
      '[BRG-6] headers that are too large after a long URL',
      `GET /${'a'.repeat(900)} HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(900)}\r\n\r\n`,
      431,
      'LIMIT',
    ],
    ['headers that never end', 'GET / HTTP/1.1\r\nHost: x\r\nA: ', 408, 'TIMEOUT'],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'BAD_REQUEST',
    ],
    [
      'an expectation',
      'POST / HTTP/1.1\r\nHost: x\r\nExpect: more\r\nContent-Length: 0\r\n\r\n',
      417,
      'EXPECTATION_REFUSED',
    ],
    ['CONNECT', 'CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n', 405, 'METHOD_NOT_ALLOWED'],
    ['an upgrade by POST', `POST / HTTP/1.1\r\n${upgrade}\r\n`, 405, 'METHOD_NOT_ALLOWED'],
    [
      'a version that nobody speaks',
      `GET / HTTP/1.1\r\n${upgrade}Sec-WebSocket-Version: 7\r\n\r\n`,
      426,
      'VERSION',
    ],
    [
      'an upgrade without a key',
      `GET / HTTP/1.1\r\n${upgrade}Sec-WebSocket-Version: 13\r\n\r\n`,
      400,
      'BAD_REQUEST',
    ],
  ])('[E11] %s is told its code in JSON, and closed', async (_, text, status, code) => {
    expect(await answerTo(text)).toEqual([status, code]);
  });
});
