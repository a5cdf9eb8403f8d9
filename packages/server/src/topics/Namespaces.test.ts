import { describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACES, Namespaces } from './Namespaces.js';
import type { Retention } from './ports.js';

const KEPT: Retention = { count: 1, ageMs: 2, bytes: 3, durable: false };

describe('namespaces', () => {
  it('[HUB-2] keep the last hundred of five minutes, mailboxes until their time is over, and of others nothing', () => {
    const namespaces = new Namespaces();
    for (const topic of ['tenant/1', 'user/ann', 'stream/7', 'room/', 'global', 'system'])
      expect(namespaces.retentionOf(topic)).toMatchObject({ count: 100, ageMs: 300_000, durable: false });
    expect(namespaces.retentionOf('mailbox/ab')).toMatchObject({ durable: true, whenFull: 'refuse' });
    for (const topic of ['news', 'globally', 'tenant', 'a/room/1', 'mailbox'])
      expect(namespaces.retentionOf(topic)).toBeUndefined();
  });

  it('[HUB-2] the longest match holds, a whole name before all others, and settings before defaults', () => {
    const namespaces = new Namespaces([
      { pattern: '*', retention: { ...KEPT, count: 7 } },
      { pattern: 'room/*', retention: undefined },
      { pattern: 'room/big/*', retention: { ...KEPT, count: 9 } },
      { pattern: 'room/big/1', retention: KEPT },
      { pattern: 'global', retention: undefined },
    ]);
    const counts = ['news', 'room/1', 'room/big/2', 'room/big/1', 'global', 'system'].map(
      (topic) => namespaces.retentionOf(topic)?.count,
    );
    expect(counts).toEqual([7, undefined, 9, 1, undefined, 100]);
    expect(DEFAULT_NAMESPACES).toHaveLength(9);
  });
});
