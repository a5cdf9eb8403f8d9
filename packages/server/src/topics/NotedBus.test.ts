import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { eventually, RedisGroup } from '../local/redisProcesses.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import { LogTail } from '../utils/LogTail.js';
import { createLogger } from '../utils/logger.js';
import { RoomHub } from './rooms/RoomHub.js';

const digestOf = (name: string): string => createHash('sha256').update(name).digest('hex').slice(0, 12);
const SAID = digestOf('said');
/** What a line about a message says, whoever writes it. */
const about = {
  level: z.literal(20),
  time: z.number(),
  pid: z.number(),
  hostname: z.string(),
  nodeId: z.enum(['a', 'b']),
  topic: z.literal('room/*'),
  room: z.literal(digestOf('ann-and-ben')),
  event: z.literal(SAID).optional(),
  message: z.string().regex(/^[\w-]{1,64}$/),
};
const lineSchema = z.discriminatedUnion('msg', [
  z.strictObject({ ...about, msg: z.literal('topic message published') }),
  z.strictObject({
    ...about,
    msg: z.literal('topic message heard'),
    from: z.enum(['a', 'b']),
    lagMs: z.number().nonnegative(),
  }),
]);

const redis = new RedisGroup();
const servers: ServerCoordinator[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.shutdown()));
  await redis.dispose();
});

async function started(nodeId: string, config: object = {}): Promise<[ServerCoordinator, LogTail]> {
  const tail = new LogTail();
  const server = new ServerCoordinator(
    { port: 0, dev: true, storage: 'memory', roomPresence: false, drainMs: 50, nodeId, ...config },
    { logger: createLogger('debug', { tail, to: 'stderr' }) },
  );
  servers.push(server);
  await server.start();
  return [server, tail];
}

const linesOf = (tail: LogTail): Record<string, unknown>[] =>
  tail
    .after(0, 1_000)
    .lines.map(({ line }) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ msg }) => String(msg).startsWith('topic message'));

describe('the log of topics', () => {
  it('[OBS-37] [S004-24] every line of a message names node, room, kind of the event and its id, which is the same on all nodes', async () => {
    const { url: redisUrl } = await redis.start();
    const [[a, ofA], [b, ofB]] = [await started('a', { redisUrl }), await started('b', { redisUrl })];
    const heard: string[] = [];
    await new RoomHub(b).subscribe('ann-and-ben', ({ message_id }) => heard.push(message_id));
    const options = { name: 'said', messageId: 'e1' };
    await new RoomHub(a).publishRoomEvent('ann-and-ben', { text: 'CANARY' }, options);
    await new RoomHub(b).publishRoomEvent('ann-and-ben', { text: 'CANARY' });
    await eventually('both are heard', () => heard.length === 2);
    const [first, second, third] = linesOf(ofB).map((line) => lineSchema.parse(line));
    expect(linesOf(ofA).map((line) => lineSchema.parse(line))).toMatchObject([
      { nodeId: 'a', msg: 'topic message published', event: SAID, message: 'e1' },
    ]);
    expect(first).toMatchObject({
      nodeId: 'b',
      from: 'a',
      msg: 'topic message heard',
      event: SAID,
      message: 'e1',
    });
    expect([second?.message, third?.message]).toEqual([heard[1], heard[1]]);
    expect(JSON.stringify([linesOf(ofA), linesOf(ofB)])).not.toMatch(/CANARY|ann/);
  });

  it('[OBS-37] a message that finds no room is logged with the code of its refusal, and no name that tells something is shown', async () => {
    const full = [{ pattern: 'box/*', count: 1, whenFull: 'refuse' }];
    const [server, tail] = await started('a', { topicNamespaces: full });
    await server.publish('box/ann', 1, { id: 'm1' });
    await expect(server.publish('box/ann', 2, { id: 'm2', name: 'To Ann' })).rejects.toMatchObject({
      code: 'TOPIC_FULL',
    });
    expect(linesOf(tail).filter(({ msg }) => msg !== 'topic message heard')).toMatchObject([
      { msg: 'topic message published', topic: 'box/*', message: 'm1' },
      { msg: 'topic message refused', topic: 'box/*', message: 'm2', code: 'TOPIC_FULL' },
    ]);
    expect(JSON.stringify(linesOf(tail))).not.toContain('nn');
  });

  it('[OBS-37] at other levels nothing of it is logged', async () => {
    const tail = new LogTail();
    const server = new ServerCoordinator(
      { port: 0, dev: true, storage: 'memory', drainMs: 50 },
      { logger: createLogger('info', { tail, to: 'stderr' }) },
    );
    servers.push(server);
    await server.start();
    await new RoomHub(server).publishRoomEvent('1', 'x');
    expect(linesOf(tail)).toEqual([]);
  });
});
