import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { generate } from 'selfsigned';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, type RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSingle } from '../local/redisTopologies.js';
import { type BusConfig, createRedisBus } from './createRedisBus.js';
import { encodeDraft, envelopeSchema } from './envelope.js';
import type { openBus } from './testing/BusLoad.js';
import { HearingNode, plenty } from './testing/describeBus.js';

let topology: RedisTopology;
let nodes: HearingNode[] = [];

afterEach(async () => {
  for (const { bus } of nodes) await bus.close();
  nodes = [];
  await topology.dispose();
});

const nodeOn = (config: BusConfig, id = 'a', warnings: string[] = []): HearingNode => {
  const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
  const bus = createRedisBus(
    { ...topology.config, ...config },
    { nodeId: id, logger, wallMs: () => Date.now() },
  );
  const node = new HearingNode(id, bus as NonNullable<typeof bus>);
  nodes.push(node);
  return node;
};
const join2 = async (
  prefixA = 'topgun',
  prefixB = prefixA,
): Promise<[HearingNode, HearingNode, RedisProcess]> => {
  topology = await startSingle();
  const a = nodeOn({ ...topology.config, redisPrefix: prefixA });
  const b = nodeOn({ ...topology.config, redisPrefix: prefixB }, 'b');
  for (const node of [a, b]) {
    await node.open();
    await node.listen('t');
  }
  return [a, b, topology.nodes[0] as RedisProcess];
};

describe('names in Redis', () => {
  it('[BUS-20] [S004-2] [S004-6] each begins with prefix and tag, and deployments of two prefixes do not hear each other', async () => {
    const [a, b, redis] = await join2('one', 'two:x');
    await a.bus.append(a.draft('t'), plenty);
    a.bus.send(a.draft('t'));
    await b.bus.append(b.draft('t'), plenty);
    await eventually('both hear their own', () => a.heard.length === 2 && b.heard.length === 1);
    const keys = (await redis.ask('KEYS', '*')) as string[];
    const channels = (await redis.ask('PUBSUB', 'CHANNELS')) as string[];
    const shown = [...keys, ...channels].map((key) => key.replace(/\{\w+\}/, '{tag}')).sort();
    expect(shown).toEqual(
      [
        ...['one', 'two:x'].flatMap((prefix) =>
          ['ids:t', 'live', 'log:t', 'meta:t', 'place'].map((rest) => `${prefix}:{tag}:${rest}`),
        ),
        'one:{tag}:ping:a',
        'two:x:{tag}:ping:b',
      ].sort(),
    );
    expect([a.ids(), b.ids()]).toEqual([['a-1', 'a-2'], ['b-1']]);
    expect((await b.bus.read('t', undefined, 9)).messages.map(({ id }) => id)).toEqual(['b-1']);
  });

  it('[BUS-13] [S000-6] [S000-9] [S003-11] a channel has as many subscribers as nodes that listen, and none when none does', async () => {
    const [a, b, redis] = await join2();
    const [channel] = (await redis.ask('PUBSUB', 'CHANNELS', '*live')) as string[] as [string];
    const subscribers = async (): Promise<number> =>
      Number(((await redis.ask('PUBSUB', 'NUMSUB', channel)) as [string, number])[1]);
    expect(await subscribers()).toBe(2);
    a.bus.unlisten('t');
    await eventually('one is left', async () => (await subscribers()) === 1);
    b.bus.unlisten('t');
    await eventually('none is left', async () => (await subscribers()) === 0);
    await a.listen('t');
    expect(await subscribers()).toBe(1);
  });

  it('[BUS-23] keys of topics expire, the one of the partition stays', async () => {
    const [a, , redis] = await join2();
    await a.bus.append(a.draft('t'), { ...plenty, ageMs: 3_000_000 });
    const keys = (await redis.ask('KEYS', '*')) as string[];
    const lives: Record<string, number> = {};
    for (const key of keys) lives[key.replace(/^.*\}:/, '')] = Number(await redis.ask('PTTL', key));
    expect(lives.place).toBe(-1);
    expect(lives['log:t']).toBeGreaterThan(2_900_000);
    expect(lives['log:t']).toBeLessThanOrEqual(3_001_000);
    expect(lives['ids:t']).toBeGreaterThan(500_000);
    expect(lives['meta:t']).toBeGreaterThan(2_000_000_000);
  });
});

describe('what travels', () => {
  it('[BUS-22] [S004-7] [S004-8] an envelope of the schema; replayed it is dropped, anything else is counted', async () => {
    const [a, b, redis] = await join2();
    const spy = new Redis(redis.port, redis.host);
    const seen: string[] = [];
    spy.on('pmessage', (_pattern: string, _channel: string, text: string) => seen.push(text));
    await spy.psubscribe('*live');
    const draft = a.draft('t', { name: 'n', data: { at: new Date(5), big: 7n } });
    a.bus.send(draft);
    const placed = await a.bus.append(a.draft('t'), plenty);
    await eventually('the spy has both', () => seen.length === 2);
    const [bare = '', logged = ''] = seen;
    expect(envelopeSchema.parse(JSON.parse(bare))).toEqual({
      node_id: 'a',
      message_id: 'a-1',
      timestamp: draft.ts,
      event: {
        topic: 't',
        name: 'n',
        from: 'ann',
        data: { at: { $date: '1970-01-01T00:00:00.005Z' }, big: { $bigint: '7' } },
      },
    });
    const [offset, previous, epoch] = logged.split(' ');
    expect([Number(offset), previous, epoch]).toEqual([placed.offset, '0', placed.epoch]);
    const [channel] = (await redis.ask('PUBSUB', 'CHANNELS', '*live')) as string[] as [string];
    const foreign = [
      '',
      'hello',
      '{}',
      '{"node_id":5}',
      '1 2',
      '1 0 e {}',
      bare,
      logged,
      logged.replace('"a-2"', '5'),
    ];
    for (const text of foreign) await redis.ask('PUBLISH', channel, text);
    a.bus.send(a.draft('t'));
    await eventually('b hears the last', () => b.ids().includes('a-3'));
    expect(a.ids()).toEqual(['a-1', 'a-2', 'a-3']);
    expect(b.ids()).toEqual(['a-1', 'a-2', 'a-3']);
    expect((b.bus as ReturnType<typeof openBus>).stats()).toMatchObject({ unreadable: 7, deduplicated: 1 });
    spy.disconnect();
  });

  it('[BUS-11] an envelope that claims to be of this node is its own echo', async () => {
    const [a, b, redis] = await join2();
    const [channel] = (await redis.ask('PUBSUB', 'CHANNELS', '*live')) as string[] as [string];
    await redis.ask('PUBLISH', channel, encodeDraft({ ...a.draft('t'), node: 'a' }));
    await eventually('b hears', () => b.heard.length === 1);
    expect(a.heard).toEqual([]);
  });
});

describe('what a Redis must be', () => {
  it('[BUS-24] [S000-21] one without sharded subscriptions is refused, with a remedy', async () => {
    topology = await startSingle(['rename-command SPUBLISH ""']);
    await expect(nodeOn(topology.config).open()).rejects.toMatchObject({
      code: 'REDIS_UNFIT',
      retriable: false,
    });
  });

  it('[BUS-24] [S000-21] one that is no cluster is refused where one is asked for, and the other way round', async () => {
    topology = await startSingle();
    await expect(nodeOn({ ...topology.config, redisCluster: true }).open()).rejects.toMatchObject({
      code: 'REDIS_UNFIT',
    });
    await topology.dispose();
    topology = await startCluster();
    await expect(nodeOn({ ...topology.config, redisCluster: false }).open()).rejects.toMatchObject({
      code: 'REDIS_UNFIT',
    });
  });

  it('[BUS-24] [BUS-26] [S000-22] user and password stand in the address; wrong ones are refused', async () => {
    topology = await startSingle(['requirepass secret', 'user ann on >pw@1 ~* &* +@all']);
    const { redisUrl } = topology.config;
    for (const who of ['', ':wrong@', 'ann:wrong@', 'bob:pw@']) {
      const node = nodeOn({ ...topology.config, redisUrl: redisUrl.replace('//', `//${who}`) });
      await expect(node.open()).rejects.toMatchObject({ code: 'REDIS_DENIED' });
    }
    for (const who of [':secret@', 'ann:pw%401@', 'default:secret@']) {
      const node = nodeOn({ ...topology.config, redisUrl: redisUrl.replace('//', `//${who}`) });
      await node.open();
      expect(node.bus.status).toBe('ok');
    }
  });

  it('[BUS-24] [S004-17] one that is not there yet is waited for, by a server that has started', async () => {
    topology = await startSingle();
    const [redis] = topology.nodes as [RedisProcess];
    await redis.kill();
    const node = nodeOn(topology.config);
    await node.open();
    expect(node.bus.status).toBe('degraded');
    node.bus.listen('t');
    await node.bus.append(node.draft('t'), plenty);
    expect(node.ids()).toEqual(['a-1']);
    await redis.start();
    await eventually('it is served', () => node.bus.status === 'ok');
    expect((await node.bus.read('t', undefined, 9)).messages.map(({ id }) => id)).toEqual(['a-1']);
  });

  it('[BUS-25] [S004-25] eviction of everything is warned of, and a log that was evicted is not called whole', async () => {
    topology = await startSingle(['maxmemory 100mb', 'maxmemory-policy allkeys-lru']);
    const [redis] = topology.nodes as [RedisProcess];
    const warnings: string[] = [];
    const node = nodeOn(topology.config, 'a', warnings);
    await node.open();
    expect(warnings.join()).toMatch(/allkeys-lru.*noeviction or volatile-ttl/);
    const message = await node.bus.append(node.draft('t'), plenty);
    await node.bus.append(node.draft('t'), plenty);
    const [log] = (await redis.ask('KEYS', '*log:t')) as [string];
    await redis.ask('DEL', log);
    expect(await node.bus.read('t', message, 9)).toMatchObject({ recovered: false, messages: [] });
    const next = await node.bus.append(node.draft('t'), plenty);
    expect(await node.bus.read('t', message, 9)).toMatchObject({ recovered: false, messages: [next] });
    expect(await node.bus.read('t', undefined, 9)).toMatchObject({ messages: [next] });
  });

  it('[BUS-26] [S000-22] rediss:// is TLS; a certificate that nobody vouches for is taken only where it is said so', async () => {
    topology = await startSingle();
    const { cert, private: key } = await generate([{ name: 'commonName', value: '127.0.0.1' }]);
    const [certFile, keyFile] = [
      join(topology.group.folder, 'cert.pem'),
      join(topology.group.folder, 'key.pem'),
    ];
    writeFileSync(certFile, cert);
    writeFileSync(keyFile, key);
    const tls = await topology.group.startTls(certFile, keyFile);
    const config = { ...topology.config, redisUrl: `rediss://127.0.0.1:${tls}` };
    const strict = nodeOn(config);
    await strict.open();
    expect(strict.bus.status).toBe('degraded');
    const lax = nodeOn({ ...config, redisTlsInsecure: true }, 'b');
    await lax.open();
    expect(lax.bus.status).toBe('ok');
    await lax.listen('t');
    await lax.bus.append(lax.draft('t'), plenty);
    await eventually('it hears', () => lax.heard.length === 1);
  });
});
