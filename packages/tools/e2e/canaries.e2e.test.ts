import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { linkPackages } from '../src/docs/examples/linkPackages.js';
import { runNode } from '../src/docs/examples/runNode.js';
import { doorWords, knockAtDoors, sendersIn } from './canariesAtDoors.js';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const bin = join(root, 'bin/topgun.js');

/** A word that is nowhere but where it was put; what it was put into stands in its name. */
const canary = (where: string): string => `canary${where}${randomBytes(16).toString('hex')}`;

const words = {
  secret: canary('Secret'),
  metricsToken: canary('MetricsToken'),
  subject: `${canary('Subject')}@example.org`,
  badToken: canary('BadToken'),
  key: canary('Key'),
  value: canary('Value'),
  filter: canary('Filter'),
  denied: canary('Denied'),
  query: canary('Query'),
  path: canary('Path'),
  header: canary('Header'),
  body: canary('Body'),
  frame: canary('Frame'),
  crash: canary('Crash'),
  map: canary('Map'),
  ...doorWords,
};

/** Throws where nobody catches, when the process is told to: SIGUSR2 within a callback, SIGHUP within a promise. */
const CRASHER = `data:text/javascript,${encodeURIComponent(`
  process.on('SIGUSR2', () => { throw new Error('${words.crash}', { cause: new Error('${words.crash}') }); });
  process.on('SIGHUP', () => { Promise.reject(new TypeError('${words.crash}\\n    at ${words.crash} (file:///x.js:1:1)')); });
`)}`;

interface Running {
  readonly url: string;
  readonly output: () => string;
  readonly child: ChildProcess;
}

async function start(folder: string, config: object): Promise<Running> {
  const file = join(folder, 'topgun.json');
  writeFileSync(file, JSON.stringify(config));
  const env = { ...process.env, TOPGUN_JWT_SECRET: words.secret, TOPGUN_METRICS_TOKEN: words.metricsToken };
  const child = spawn(process.execPath, ['--import', CRASHER, bin, 'start', '--config', file], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const url = await until(() => {
    if (child.exitCode !== null) throw new Error(output);
    return /listens on (http:\S+)/.exec(output)?.[1];
  });
  return { url, output: () => output, child };
}

/** Waits until it is there; the deadline is the test's. */
async function until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function tokenOf(roles: string): string {
  const args = [bin, 'token', '--sub', words.subject, '--roles', roles];
  return execFileSync(process.execPath, args, {
    env: { ...process.env, TOPGUN_JWT_SECRET: words.secret },
    encoding: 'utf8',
  }).trim();
}

/** Bytes as they are, on a socket of their own; resolves with the answer. */
function raw(url: string, path: string, headers: Record<string, string>, body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const method = body === '' ? 'GET' : 'POST';
    const sent = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        text += part;
      });
      response.on('end', () => resolve(text));
    });
    sent.on('upgrade', (_, socket) => {
      // Masked, as clients must: with nothing. Its own closing is what the server's one is answered with.
      const frame = Buffer.from(words.frame);
      socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | frame.length, 0, 0, 0, 0]), frame]));
      socket.resume().once('end', () => {
        socket.end();
        resolve('');
      });
    });
    sent.on('error', reject).end(body);
  });
}

const upgrade = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

/** An app that does what leaves a trace: writes, a write that is denied, a query. Runs on the packages as they are shipped. */
const appOf = (url: string, token: string): string => `
  import { MemoryAdapter } from '@topgun/adapters';
  import { TopGunClient } from '@topgun/client';
    const words = ${JSON.stringify(words)};
  const app = new TopGunClient({
    serverUrl: ${JSON.stringify(url.replace('http', 'ws'))},
    storage: new MemoryAdapter(),
    token: ${JSON.stringify(token)},
  });
  app.onRejection(() => undefined);
  app.getMap('people').set(words.key, { name: words.value, age: 3 });
  app.getMap('rooms:' + words.map).set(words.key, words.value);
  app.getMap('closed').set(words.denied, { name: words.denied });
  const off = app.query('notes', { where: { name: words.filter } }).subscribe(() => undefined);
  await app.whenSynced();
  while (app.getPendingOpsCount() > 0) await new Promise((resolve) => setImmediate(resolve));
  off();
  await app.close();
  console.log('done');
`;

async function drive(folder: string, url: string, token: string): Promise<void> {
  linkPackages(root, folder);
  const file = join(folder, 'app.mjs');
  writeFileSync(file, appOf(url, token));
  expect(await runNode(folder, file)).toContain('done');
}

describe('what a server tells of itself', () => {
  it('[OBS-35] holds no secret and no data: not the log, not the errors, not the metrics, not the status', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'topgun-canaries-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const policy = { role: 'USER', actions: ['READ', 'PUT', 'REMOVE'] };
    const running = await start(folder, {
      port: 0,
      dataDir: join(folder, 'data'),
      logLevel: 'trace',
      slowQueryMs: 0,
      bridge: true,
      bridgeBypassTokens: [words.bypass],
      wsScopeRequired: false,
      webhooksFile: sendersIn(folder),
      policies: [
        { ...policy, actions: ['READ', 'PUT'], map: 'topic:**' },
        { ...policy, map: 'people' },
        { ...policy, map: 'notes' },
        { ...policy, map: 'rooms:*' },
      ],
    });
    const { url, output, child } = running;
    await drive(folder, url, tokenOf('USER'));
    const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
    for (const path of [
      `/api/status?token=${words.query}`,
      `/${words.path}`,
      `/api/${words.path}?a=${words.query}`,
    ]) {
      await raw(url, path, { 'x-custom': words.header, cookie: words.header, ...bearer(words.badToken) });
      await raw(url, path, { 'x-request-id': `not sane ${words.header}` }, words.body);
    }
    for (const token of [words.badToken, `${words.badToken}.${words.badToken}.x`])
      await raw(url, `/?token=${token}`, { ...upgrade, ...bearer(token), 'user-agent': words.header });
    await raw(url, `/?token=${words.query}`, { ...upgrade, 'x-custom': words.header });

    const admin = tokenOf('ADMIN');
    const user = tokenOf('USER');
    await knockAtDoors(url, { user, admin });
    const told = [
      await raw(url, '/metrics', bearer(words.metricsToken)),
      await raw(url, '/api/status', {}),
      await raw(url, '/api/logs?limit=1000', bearer(admin)),
      await raw(url, '/metrics', {}),
      await raw(url, '/ready', {}),
      await raw(url, '/version', {}),
    ];
    const gone = once(child, 'exit');
    child.kill('SIGUSR2');
    expect((await gone)[0]).toBe(70);

    const again = await start(folder, { port: 0, dataDir: join(folder, 'data') });
    const goneToo = once(again.child, 'exit');
    again.child.kill('SIGHUP');
    expect((await goneToo)[0]).toBe(70);

    told.push(output(), again.output());
    // All of it was looked at: these lines are told of what was done above.
    for (const line of [
      '"msg":"slow query"',
      '"msg":"message"',
      '"msg":"refused"',
      '"msg":"HTTP request"',
      '"map":"notes"',
      '"type":"uncaughtException"',
      '"route":"/events/subscribe"',
      '"route":"/bridge/message"',
      '"route":"/api/topics/*"',
      '"msg":"webhook refused"',
    ])
      expect(output()).toContain(line);
    expect(again.output()).toContain('"type":"unhandledRejection"');
    expect(told[0]).toMatch(/^topgun_ops_total\{outcome="applied"\} [1-9]/m);
    expect(told[0]).toContain('topgun_map_size_items{map="rooms:*"} 1');
    expect(told[2]).toContain('slow query');
    const tokens = {
      user,
      admin,
      userPayload: user.split('.')[1] ?? '',
      userSignature: user.split('.')[2] ?? '',
    };
    const found = Object.entries({ ...words, ...tokens }).filter(([, word]) =>
      told.some((text) => text.includes(word)),
    );
    expect(found).toEqual([]);
  });

  it('[OBS-35] a config file that does not parse is not shown', () => {
    const folder = mkdtempSync(join(tmpdir(), 'topgun-canaries-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'topgun.json');
    writeFileSync(file, `{"jwtSecret": "${words.secret}" "port": 1}`);
    const child = spawn(process.execPath, [bin, 'start', '--verbose', '--config', file]);
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    return once(child, 'close').then(([code]) => {
      expect(code).toBe(2);
      expect(output).toContain('CONFIG_INVALID');
      expect(output).not.toContain(words.secret);
    });
  });
});
