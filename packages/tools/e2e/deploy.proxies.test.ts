import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startDevServer } from '../src/docs/examples/startDevServer.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const WRITTEN_NODE = /(10\.0\.0\.1|topgun-)\d:8080/g;
const FORGED = '203.0.113.9';

/** A proxy as its example configures it, but for addresses and places of files. */
interface Proxy {
  readonly file: string;
  /** what the example says → what takes its place */
  readonly change: (text: string, port: number, folder: string) => string;
  readonly check: (file: string, folder: string) => readonly string[];
  readonly run: (file: string, folder: string) => readonly string[];
}

const nginx = process.env.TOPGUN_NGINX ?? 'nginx';
const haproxy = process.env.TOPGUN_HAPROXY ?? 'haproxy';
const globals = (folder: string): string =>
  `daemon off; pid ${join(folder, 'pid')}; error_log ${join(folder, 'error.log')};`;

const proxies: Readonly<Record<string, Proxy>> = {
  nginx: {
    file: 'docs/deploy/nginx/topgun.conf',
    change: (text, port, folder) =>
      text
        .replace('listen 80;', `listen 127.0.0.1:${port};`)
        .replace('/var/log/nginx/access.log', join(folder, 'access.log')),
    check: (file, folder) => [nginx, '-t', '-c', file, '-g', globals(folder)],
    run: (file, folder) => [nginx, '-c', file, '-g', globals(folder)],
  },
  haproxy: {
    file: 'docs/deploy/haproxy/topgun.cfg',
    change: (text, port) => text.replace('bind :80\n', `bind 127.0.0.1:${port}\n`),
    check: (file) => [haproxy, '-c', '-f', file],
    run: (file) => [haproxy, '-f', file],
  },
};

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-proxies-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Starts the proxy before a node; resolves with its port when it answers. */
async function start(proxy: Proxy, node: string): Promise<number> {
  const folder = newFolder();
  const port = await freePort();
  const file = join(folder, 'proxy.conf');
  const text = readFileSync(join(root, proxy.file), 'utf8');
  const changed = proxy.change(text, port, folder).replaceAll(WRITTEN_NODE, node);
  expect(changed).not.toMatch(/10\.0\.0\.1|topgun-\d/);
  writeFileSync(file, changed);
  const [checker = '', ...checkArgs] = proxy.check(file, folder);
  execFileSync(checker, checkArgs, { stdio: 'pipe' });
  const [program = '', ...args] = proxy.run(file, folder);
  const child: ChildProcess = spawn(program, args, { stdio: 'ignore' });
  onTestFinished(async () => {
    if (child.exitCode !== null) return;
    const gone = once(child, 'exit');
    // Not SIGKILL: nginx would leave its workers behind.
    child.kill('SIGTERM');
    await gone;
  });
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${program} ended with code ${child.exitCode}`);
    // Its own 503 says that it has not looked at the nodes yet.
    const status = await ask(port, 'GET', '/').then(
      ({ statusCode }) => statusCode,
      () => undefined,
    );
    if (status !== undefined && status !== 503) return port;
  }
}

function ask(port: number, method: string, path: string, body = '', headers = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, method, path, headers, agent: false };
    const asked = request(options, (answer) => {
      onTestFinished(() => void answer.destroy());
      resolve(answer);
    });
    asked.on('error', reject).end(body);
  });
}

const textOf = async (answer: IncomingMessage): Promise<string> => {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) text += part;
  return text;
};

/** Resolves when the stream has brought a text; it stays open. */
function brings(stream: IncomingMessage, wanted: string): Promise<void> {
  let text = '';
  return new Promise((resolve, reject) => {
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      if (text.includes(wanted)) resolve();
    });
    stream.on('close', () => reject(new Error(`The stream ended after: ${text}`)));
  });
}

/** The first bytes that a WebSocket brings. */
async function firstFrame(port: number, path: string): Promise<string> {
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': '13',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
  };
  const asked = request({ host: '127.0.0.1', port, path, headers, agent: false }).end();
  const [answer, socket, head] = (await once(asked, 'upgrade')) as [IncomingMessage, Duplex, Buffer];
  onTestFinished(() => void socket.destroy());
  expect(answer.statusCode).toBe(101);
  if (head.length > 0) return head.toString('latin1');
  const [data] = (await once(socket, 'data')) as [Buffer];
  return data.toString('latin1');
}

describe.each(Object.entries(proxies))('%s as its example configures it', (_name, proxy) => {
  it('[S001-21] carries streams as they come, WebSockets and messages', async () => {
    const folder = newFolder();
    const configFile = join(folder, 'topgun.json');
    writeFileSync(configFile, JSON.stringify({ bridge: true, trustedProxies: ['127.0.0.1'] }));
    const command = [process.execPath, join(root, 'bin/topgun.js')] as const;
    const server = await startDevServer({ command, cwd: folder, dataDir: join(folder, 'data'), configFile });
    onTestFinished(async () => void (await server.stop()));
    const port = await start(proxy, new URL(server.appUrl).host);

    const events = await ask(port, 'GET', '/events/subscribe?topics=news');
    expect(events.headers['content-type']).toContain('text/event-stream');
    const isHeard = brings(events, 'carried-through');
    const published = await ask(
      port,
      'POST',
      '/api/topics/news',
      JSON.stringify({ data: 'carried-through' }),
    );
    expect(published.statusCode, await textOf(published)).toBeLessThan(300);
    await isHeard;

    const [from, to] = ['a'.repeat(64), 'b'.repeat(64)];
    const mailbox = await ask(port, 'GET', `/bridge/events?client_id=${to}`);
    const isDelivered = brings(mailbox, 'Y2FycmllZA==');
    const query = `client_id=${from}&to=${to}&ttl=60`;
    const sent = await ask(port, 'POST', `/bridge/message?${query}`, 'Y2FycmllZA==');
    expect(JSON.parse(await textOf(sent))).toEqual({ message: 'OK', statusCode: 200 });
    await isDelivered;

    expect(await firstFrame(port, '/ws')).toContain('connection_id');
    for (const path of ['/metrics', '/cluster', '/api/debug/crdt/stats'])
      expect((await ask(port, 'GET', path)).statusCode).toBe(404);
  });

  it('[S001-21] tells the node the address of the client, and not what the client says of it', async () => {
    const told: unknown[] = [];
    const node = createServer((asked, answer) => {
      if (asked.url === '/told') told.push(asked.headers['x-forwarded-for']);
      answer.end();
    }).listen(0, '127.0.0.1');
    await once(node, 'listening');
    onTestFinished(() => void node.close());
    const port = await start(proxy, `127.0.0.1:${(node.address() as AddressInfo).port}`);
    const headers = { 'X-Forwarded-For': FORGED };
    expect((await ask(port, 'GET', '/told', '', headers)).statusCode).toBe(200);
    expect(told).toEqual(['127.0.0.1']);
  });

  it('[S001-21] ends a flood', async () => {
    const node = createServer((_, answer) => answer.end()).listen(0, '127.0.0.1');
    await once(node, 'listening');
    onTestFinished(() => void node.close());
    const port = await start(proxy, `127.0.0.1:${(node.address() as AddressInfo).port}`);
    const statuses = new Set<number | undefined>();
    for (let i = 0; i < 40 && !statuses.has(429); i++) {
      const some = await Promise.all(Array.from({ length: 50 }, () => ask(port, 'GET', '/')));
      for (const answer of some) statuses.add(answer.resume().statusCode);
    }
    expect(statuses).toEqual(new Set([200, 429]));
  });
});
