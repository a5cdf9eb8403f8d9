import { describe, expect, it } from 'vitest';
import { keepsMailboxes } from './checkMailboxes.js';
import { parseConfig } from './load.js';
import type { ServerConfigInput } from './schema.js';

const oneRedis = { redisUrl: 'redis://127.0.0.1:6379' };
const sentinels = { redisSentinels: ['127.0.0.1:26379'] };
const isOwn = (config: ServerConfigInput): boolean => keepsMailboxes(parseConfig(config));

describe('where mailboxes lie', () => {
  it('[MBX-1] in the store of the node where there is no Redis, else as it is said', () => {
    expect(isOwn({})).toBe(true);
    expect(isOwn({ bridge: true })).toBe(true);
    expect(isOwn({ bridge: true, mailboxes: 'embedded' })).toBe(true);
    for (const redis of [oneRedis, sentinels]) {
      expect(isOwn({ ...redis, bridge: true, mailboxes: 'embedded' })).toBe(true);
      expect(isOwn({ ...redis, bridge: true, mailboxes: 'redis' })).toBe(false);
    }
  });

  it('[MBX-2] with a Redis and the bridge it has to be said, and Redis needs one; without the bridge topics are shared', () => {
    for (const redis of [oneRedis, sentinels]) {
      expect(() => parseConfig({ ...redis, bridge: true })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringMatching(/^mailboxes: /) }),
      );
      expect(isOwn(redis)).toBe(false);
    }
    for (const bridge of [true, false])
      expect(() => parseConfig({ bridge, mailboxes: 'redis' })).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }),
      );
  });
});
