import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/load.js';
import type { ServerConfigInput } from '../config/schema.js';
import { ConnectionQuota, type Door } from '../doors/ConnectionQuota.js';
import { HandshakeGuard } from '../transport/HandshakeGuard.js';
import { engineLimitsOf } from './engineLimitsOf.js';
import { LimitCounts } from './LimitCounts.js';
import { type LimitEntry, type LimitName, limitTable } from './table.js';

/** The transport is given it with the size of the heap; the doors read theirs from the configuration. */
const OF_OTHERS: readonly LimitName[] = [
  'outQueuesHeapShare',
  'httpRequestsPerIp',
  'httpRequestsPerPrincipal',
  'bridgeMessagesPerIp',
  'bridgeMailboxMessages',
  'bridgeMailboxBytes',
  'wsMessagesPerConnection',
  'wsMessagesPerUser',
  'wsIdleMs',
];
/** Limits of the door, which the guard reads from the configuration itself. */
const OF_THE_GUARD: readonly LimitName[] = [
  'connections',
  'connectionsPerIp',
  'strangers',
  'handshakesPerIp',
  'handshakesPerNode',
];

/** Places of the doors that hold connections open. */
const OF_THE_QUOTA: Partial<Record<LimitName, Door>> = {
  sseConnections: 'sse',
  sseConnectionsPerPrincipal: 'sse',
  sseConnectionsPerIp: 'sse',
  bridgeConnections: 'bridge',
  bridgeConnectionsPerIp: 'bridge',
  wsConnections: 'ws',
  wsConnectionsPerPrincipal: 'ws',
  wsConnectionsPerIp: 'ws',
};

const withSetting = Object.entries<LimitEntry>(limitTable).flatMap(([name, { setting }]) =>
  setting === undefined ? [] : [{ name: name as LimitName, setting }],
);

describe('the table of limits', () => {
  it.each(
    withSetting.filter(
      ({ name }) => ![...OF_THE_GUARD, ...OF_OTHERS].includes(name) && OF_THE_QUOTA[name] === undefined,
    ),
  )('[LMT-1] $setting takes the place of $name', ({ name, setting }) => {
    const value = LIMITS[name] + 1;
    const read: Readonly<Record<string, unknown>> = {
      ...engineLimitsOf(parseConfig({ [setting]: value } as ServerConfigInput)),
    };
    expect(read[name]).toBe(value);
  });

  it.each(withSetting.filter(({ name }) => OF_THE_GUARD.includes(name)))(
    '[LMT-1] $setting takes the place of $name, and [LMT-2] refusing counts under that name',
    ({ name, setting }) => {
      const hit = (value: number): boolean => {
        const counts = new LimitCounts();
        const guard = new HandshakeGuard(parseConfig({ [setting]: value } as ServerConfigInput), counts);
        for (let i = 0; i < 30; i++) guard.admit('a', 0);
        return counts.limitsHit.has(name);
      };
      expect([hit(1), hit(100_000)]).toEqual([true, false]);
    },
  );

  it.each(
    withSetting.flatMap(({ name, setting }) => {
      const door = OF_THE_QUOTA[name];
      return door === undefined ? [] : [{ name, setting, door }];
    }),
  )('[LMT-1] $setting takes the place of $name, and [LMT-2] refusing counts under that name', (limit) => {
    const hit = (value: number): boolean => {
      const counts = new LimitCounts();
      // The other limits of the door are out of the way.
      const free = { sseConnectionsPerUserMax: 1e6, sseConnectionsPerIpMax: 1e6 };
      const settings = { ...free, [limit.setting]: value } as ServerConfigInput;
      const quota = new ConnectionQuota(parseConfig(settings), counts);
      for (let i = 0; i < 30; i++) quota.enter(limit.door, { user: 'ann', ip: '192.0.2.7' });
      return counts.limitsHit.has(limit.name);
    };
    expect([hit(1), hit(100_000)]).toEqual([true, false]);
  });
});
