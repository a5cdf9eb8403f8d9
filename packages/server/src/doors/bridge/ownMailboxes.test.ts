import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, RedisGroup } from '../../local/redisProcesses.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import { clientId } from './testing/BridgeServer.js';

const [A, B] = [clientId('a'), clientId('b')];
const redis = new RedisGroup();
const folder = mkdtempSync(join(tmpdir(), 'topgun-own-mailboxes-'));
let nodes: ServerCoordinator[] = [];

afterEach(async () => {
  for (const node of nodes) await node.shutdown();
  await redis.dispose();
  rmSync(folder, { recursive: true, force: true });
});

describe('mailboxes of a node of its own, beside a Redis', () => {
  it('[MBX-1] [MBX-2] [S004-17] are warned of, are known there alone, and need no Redis', async () => {
    const server = await redis.start();
    const warnings: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => warnings.push(line) });
    nodes = ['n0', 'n1'].map(
      (nodeId) =>
        new ServerCoordinator(
          {
            dev: true,
            bridge: true,
            mailboxes: 'embedded',
            port: 0,
            dataDir: join(folder, nodeId),
            nodeId,
            redisUrl: server.url,
            drainMs: 500,
            topicNamespaces: [{ pattern: 'kept/*', count: 10, ageMs: 60_000, bytes: 1e6, durable: true }],
          },
          { logger },
        ),
    );
    for (const node of nodes) await node.start();
    expect(warnings.filter((line) => line.includes('mailboxes lie on this node alone'))).toHaveLength(2);
    const [first, second] = nodes as [ServerCoordinator, ServerCoordinator];
    const post = async (node: ServerCoordinator, message: string): Promise<number> => {
      const url = `http://127.0.0.1:${node.port}/bridge/message?client_id=${A}&to=${B}&ttl=300`;
      return (await fetch(url, { method: 'POST', body: message })).status;
    };
    const held = async (node: ServerCoordinator): Promise<unknown[]> => {
      const response = await fetch(`http://127.0.0.1:${node.port}/api/topics/mailbox/${B}?limit=10`);
      const { messages } = (await response.json()) as { messages: readonly { data: { message: string } }[] };
      return messages.map(({ data }) => data.message);
    };
    expect(await post(first, 'one')).toBe(200);
    // Other topics are of both.
    await first.publish('kept/t', 1);
    const keys = (await server.ask('KEYS', '*log*')) as string[];
    expect(keys.map((key) => key.replace(/^.*\}:/, ''))).toEqual(['log:kept/t']);
    await server.kill();
    await eventually('they notice', async () => {
      const ready = await fetch(`http://127.0.0.1:${first.port}/ready`);
      return ready.status === 200 && /"redis":\s*"down"/.test(await ready.text());
    });
    await expect(first.publish('kept/t', 2)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(await post(first, 'two')).toBe(200);
    expect([await held(first), await held(second)]).toEqual([['one', 'two'], []]);
  });
});
