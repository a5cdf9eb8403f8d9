import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { bin, TopgunProcess } from './TopgunProcess.js';

describe('topgun dev, as a process', () => {
  let folder = '';
  let server: TopgunProcess;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-dev-'));
    server = new TopgunProcess(join(folder, 'data'));
    await server.start();
  });
  afterEach(async () => {
    await server.stop('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  it('[CLI-3] serves the page, its service worker and the sync connection from one port', async () => {
    const page = await fetch(server.url);
    expect([page.status, page.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/html'),
    ]);
    expect(await page.text()).toContain('<div id="root">');
    expect((await fetch(new URL('sw.js', server.url))).headers.get('content-type')).toContain('javascript');
    expect((await fetch(new URL('ready', server.url))).status).toBe(200);
    const socket = await upgrade(server.url);
    socket.destroy();
  });

  it('[CLI-5] drains at SIGTERM: sockets are told, and the process ends with code 0', async () => {
    const socket = await upgrade(server.url);
    const closed = once(socket, 'close');
    socket.resume();
    expect(await server.stop('SIGTERM')).toBe(0);
    await closed;
    expect(server.output).toContain('Stopping');
  });

  it('[CLI-12] names the taken port, shows no stack, and ends with code 1', async () => {
    const port = new URL(server.url).port;
    const second = spawn(process.execPath, [bin, 'dev', '--port', port, '--data-dir', join(folder, 'other')]);
    let output = '';
    for (const stream of [second.stdout, second.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    const [code] = await once(second, 'close');
    expect([code, output]).toEqual([1, expect.stringContaining('PORT_IN_USE')]);
    expect(output).toContain(port);
    expect(output).not.toMatch(/\n\s+at /);
  });
});

/** A bare WebSocket handshake; resolves with the socket once the server has switched protocols. */
async function upgrade(url: string): Promise<Duplex> {
  const request = get(url, {
    headers: {
      Connection: 'Upgrade',
      Upgrade: 'websocket',
      'Sec-WebSocket-Version': '13',
      'Sec-WebSocket-Key': Buffer.from('sixteen bytes...').toString('base64'),
    },
  });
  const [response, socket] = (await once(request, 'upgrade')) as [IncomingMessage, Duplex];
  expect(response.statusCode).toBe(101);
  return socket;
}
