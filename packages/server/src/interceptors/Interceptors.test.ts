import { once } from 'node:events';
import { type ClientMessage, CONCERN, encode, OP, OUTCOME, type ServerMessage } from '@topgun/protocol';
import { decodeTurn } from '@topgun/protocol/device';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { createLogger } from '../utils/logger.js';
import { delayOp, type Interceptor, rejectOp, replaceValues } from './Interceptor.js';
import { rateLimit } from './rateLimit.js';
import { serverTimestamp } from './serverTimestamp.js';

const running: ServerCoordinator[] = [];
const sockets: WebSocket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  for (const server of running.splice(0)) await server.shutdown();
});

async function serverWith(...interceptors: readonly Interceptor[]): Promise<ServerCoordinator> {
  const policies = [
    { role: 'ADMIN', map: '**', actions: ['READ', 'PUT', 'REMOVE'] as ('READ' | 'PUT' | 'REMOVE')[] },
  ];
  const server = new ServerCoordinator(
    { port: 0, storage: 'memory', dev: true, policies, drainMs: 1_000 },
    { logger: createLogger('silent'), interceptors },
  );
  await server.start();
  running.push(server);
  return server;
}

let clients = 0;

class Client {
  readonly session = `s${++clients}`.padEnd(11, '_');
  readonly messages: ServerMessage[] = [];
  readonly socket: WebSocket;
  closeCode: number | undefined;
  #heard: (() => void)[] = [];
  #seq = 0;

  constructor(server: ServerCoordinator) {
    this.socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    sockets.push(this.socket);
    this.socket.on('message', (data) => {
      for (const decoded of decodeTurn(data as Buffer)) if (decoded.ok) this.messages.push(decoded.message);
      for (const heard of this.#heard.splice(0)) heard();
    });
    this.socket.on('close', (code) => {
      this.closeCode = code;
      for (const heard of this.#heard.splice(0)) heard();
    });
  }

  static async in(server: ServerCoordinator): Promise<Client> {
    const client = new Client(server);
    await once(client.socket, 'open');
    const clientId = `c${clients}`.padEnd(22, '_');
    client.send({ type: 'AUTH', versions: [1, 99], clientId, sessions: [client.session] });
    await client.until(() => client.messages.length > 0);
    return client;
  }

  send(message: ClientMessage): void {
    this.socket.send(encode(message));
  }

  put(key: string, value: unknown): number {
    const seq = ++this.#seq;
    const t = Date.now() * 2048 + seq;
    const incarnation = this.messages.find((message) => message.type === 'AUTH_ACK')?.incarnation ?? '';
    const row = [seq, OP.PUT, 0, key, t, null, value] as const;
    this.send({
      type: 'OPS',
      session: this.session,
      settledBelow: 0,
      incarnation,
      concern: CONCERN.PERSISTED,
      maps: ['m'],
      rows: [row],
    });
    return seq;
  }

  /** The outcome of an op, the code of its refusal, and the value that stands instead. */
  async outcome(seq: number): Promise<readonly [outcome: number, code: string | null, value: unknown]> {
    const found = () =>
      this.messages.flatMap((message) => {
        if (message.type !== 'OP_ACK') return [];
        const span = message.spans.find(([from, count]) => from <= seq && from + count > seq);
        const ex = message.ex?.find(([about]) => about === seq);
        return span === undefined ? [] : [[span[2], ex?.[1] ?? null, ex?.[2]?.[5]] as const];
      });
    await this.until(() => found().length > 0);
    return found()[0] as readonly [number, string | null, unknown];
  }

  async until(isThere: () => boolean): Promise<void> {
    while (!isThere() && this.closeCode === undefined)
      await new Promise<void>((resolve) => {
        this.#heard.push(resolve);
      });
  }
}

describe('interceptors', () => {
  it('[INT-1] are asked in their order, each seeing what those before it made of the op', async () => {
    const seen: unknown[] = [];
    const append = (name: string): Interceptor => ({
      name,
      onBeforeOp: async ({ writes }) => {
        seen.push([name, writes[0]?.value]);
        return replaceValues([`${String(writes[0]?.value)}${name}`]);
      },
    });
    const client = await Client.in(
      await serverWith(append('a'), append('b'), { name: 'c', onBeforeOp: () => undefined }),
    );
    expect(await client.outcome(client.put('k', '-'))).toEqual([OUTCOME.CHANGED, null, '-ab']);
    expect(seen).toEqual([
      ['a', '-'],
      ['b', '-a'],
    ]);
  });

  it('[INT-2] let clients in or keep them out, and hear once of each that leaves', async () => {
    const said: unknown[] = [];
    let isWelcome = true;
    const server = await serverWith({
      name: 'door',
      onConnection: async ({ principal, remote }) => {
        said.push(['in', principal.sub, remote]);
        return isWelcome;
      },
      onDisconnect: ({ id }) => void said.push(['out', id]),
    });
    const client = await Client.in(server);
    client.send({ type: 'AUTH', versions: [1, 99], clientId: `c${clients}`.padEnd(22, '_'), sessions: [] });
    await client.until(() => client.messages.length > 1);
    client.socket.close();
    await client.until(() => false);
    isWelcome = false;
    const other = await Client.in(server);
    await other.until(() => false);
    expect(other.closeCode).toBe(4401);
    expect(other.messages).toMatchObject([{ type: 'ERROR', code: 'AUTH_FAILED' }]);
    expect(said).toEqual([
      ['in', 'dev', '127.0.0.1'],
      ['out', 1],
      ['in', 'dev', '127.0.0.1'],
    ]);
  });

  it('[INT-2] who said yes hears of the end also when a later one says no, throws, or is too late', async () => {
    const said: string[] = [];
    const answers = [
      () => false,
      () => Promise.reject(new Error('broken')),
      () => new Promise<boolean>(() => undefined),
    ];
    const server = await serverWith(
      { name: 'first', onConnection: () => said.push('in') > 0, onDisconnect: () => void said.push('out') },
      { name: 'second', timeoutMs: 20, onConnection: () => (answers.shift() ?? (() => true))() },
    );
    for (let i = 0; i < 3; i++) {
      const client = await Client.in(server);
      await client.until(() => false);
      expect(client.closeCode).toBe(4401);
    }
    expect(said).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
    expect((await Client.in(server)).messages[0]?.type).toBe('AUTH_ACK');
  });

  it('[INT-3] refuse for good with a reason, or for now with a pause', async () => {
    const client = await Client.in(
      await serverWith({
        name: 'judge',
        onBeforeOp: ({ writes }) =>
          writes[0]?.key === 'no' ? rejectOp('LIMIT', 'r'.repeat(500)) : delayOp('RATE', 50),
      }),
    );
    expect(await client.outcome(client.put('no', 1))).toEqual([OUTCOME.REJECTED, 'LIMIT', undefined]);
    const [ack] = client.messages.filter((message) => message.type === 'OP_ACK');
    expect(ack?.ex?.[0]?.[4]).toBe('r'.repeat(200));
    expect((await client.outcome(client.put('k', 1)))[1]).toBe('RATE');
    expect(client.messages.find((message) => message.type === 'ERROR')).toMatchObject({
      code: 'RATE',
      retryAfterMs: 50,
    });
  });

  it('[INT-4] one who waits for an answer keeps nobody else waiting', async () => {
    let goOn: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const server = await serverWith({
      name: 'slow',
      onBeforeOp: async ({ writes }) => {
        if (writes[0]?.key === 'slow') await asked;
        return undefined;
      },
    });
    const [slow, quick] = [await Client.in(server), await Client.in(server)];
    const waiting = slow.outcome(slow.put('slow', 1));
    const behind = slow.outcome(slow.put('behind', 2));
    expect(await quick.outcome(quick.put('k', 3))).toEqual([OUTCOME.APPLIED, null, undefined]);
    expect(slow.messages.filter(({ type }) => type === 'OP_ACK')).toEqual([]);
    goOn();
    expect([(await waiting)[0], (await behind)[0]]).toEqual([OUTCOME.APPLIED, OUTCOME.APPLIED]);
  });

  it.each<[what: string, onBeforeOp: NonNullable<Interceptor['onBeforeOp']>]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    ['rejects', async () => Promise.reject(new Error('broken'))],
    ['never answers', () => new Promise(() => undefined)],
    ['answers nonsense', () => ({ action: 'maybe' }) as never],
    ['refuses with a code that is none', () => rejectOp('SURE' as never)],
    ['gives too few values', () => replaceValues([])],
    ['gives nothing as a value', () => replaceValues([undefined])],
  ])('[INT-5] one that %s refuses the op for now and harms nothing else', async (_, onBeforeOp) => {
    const server = await serverWith({
      name: 'bad',
      timeoutMs: 20,
      onBeforeOp: (op) => (op.writes[0]?.key === 'k' ? onBeforeOp(op) : undefined),
    });
    const client = await Client.in(server);
    expect((await client.outcome(client.put('k', 1)))[1]).toBe('UNAVAILABLE');
    expect(client.messages.find((message) => message.type === 'ERROR')).toMatchObject({
      code: 'UNAVAILABLE',
      retryAfterMs: 1_000,
    });
    expect((await client.outcome(client.put('fine', 1)))[0]).toBe(OUTCOME.APPLIED);
    expect(server.state).toBe('READY');
  });

  it('[INT-6] hear of each op when it is durable, also of refused ones, and what they throw harms nothing', async () => {
    const heard: unknown[] = [];
    const server = await serverWith(
      {
        name: 'judge',
        onBeforeOp: ({ writes }) => (writes[0]?.key === 'no' ? rejectOp('DENIED') : replaceValues([5])),
      },
      {
        name: 'broken',
        onAfterOp: () => {
          throw new Error('broken');
        },
      },
      {
        name: 'log',
        onAfterOp: ({ writes, seq }, outcome) => void heard.push([seq, writes[0]?.value, outcome]),
      },
    );
    const client = await Client.in(server);
    await client.outcome(client.put('k', 1));
    await client.outcome(client.put('no', 2));
    expect(heard).toEqual([
      [1, 5, { outcome: 'changed' }],
      [2, 2, { outcome: 'rejected', code: 'DENIED' }],
    ]);
    expect(server.state).toBe('READY');
  });

  it('[INT-8] rateLimit lets each subject write so often', async () => {
    const client = await Client.in(
      await serverWith(rateLimit({ writes: 2, perMs: 60_000, isCounted: (map) => map === 'm' })),
    );
    const outcomes = [];
    for (let i = 0; i < 3; i++) outcomes.push((await client.outcome(client.put('k', i)))[1]);
    expect(outcomes).toEqual([null, null, 'RATE']);
    const told = client.messages.find((message) => message.type === 'ERROR');
    expect(told?.retryAfterMs).toBeGreaterThan(1_000);
    expect(told?.retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  it('[INT-8] serverTimestamp sets a field, whatever the client says', async () => {
    const stamp = serverTimestamp({
      field: 'at',
      nowMs: () => 1_700_000_000_000,
      isStamped: (map) => map === 'm',
    });
    const client = await Client.in(await serverWith(stamp));
    const at = new Date(1_700_000_000_000);
    expect(await client.outcome(client.put('k', { a: 1, at: 5 }))).toEqual([
      OUTCOME.CHANGED,
      null,
      { a: 1, at },
    ]);
    expect(await client.outcome(client.put('l', 'text'))).toEqual([OUTCOME.APPLIED, null, undefined]);
  });
});
