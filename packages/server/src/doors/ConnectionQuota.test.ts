import { describe, expect, it } from 'vitest';
import { parseConfig } from '../config/load.js';
import type { ServerConfigInput } from '../config/schema.js';
import { LimitCounts } from '../limits/LimitCounts.js';
import { ConnectionQuota, type Door, isSeat, type Seat } from './ConnectionQuota.js';

function quotaOf(settings: ServerConfigInput = {}): { quota: ConnectionQuota; counts: LimitCounts } {
  const counts = new LimitCounts();
  return { quota: new ConnectionQuota(parseConfig(settings), counts), counts };
}

/** Comes so many times, each time as somebody else in what `who` says. */
function comeIn(quota: ConnectionQuota, door: Door, times: number, who: (at: number) => object): Seat[] {
  return Array.from({ length: times }, (_, at) => {
    const entered = quota.enter(door, { ip: `10.0.${at >> 8}.${at & 255}`, user: `u${at}`, ...who(at) });
    if (!isSeat(entered)) throw new Error(`refused at ${at}: ${JSON.stringify(entered)}`);
    return entered;
  });
}

describe('ConnectionQuota', () => {
  it.each([
    ['sse', 'of one user', 10, { user: 'ann' }, 429, 'LIMIT', 'sseConnectionsPerPrincipal'],
    ['sse', 'from one address', 5, { ip: '192.0.2.7' }, 429, 'LIMIT', 'sseConnectionsPerIp'],
    ['sse', 'in all', 10_000, {}, 503, 'UNAVAILABLE', 'sseConnections'],
    ['bridge', 'from one address', 50, { ip: '192.0.2.7' }, 429, 'LIMIT', 'bridgeConnectionsPerIp'],
    ['ws', 'in all', 10_000, {}, 503, 'UNAVAILABLE', 'wsConnections'],
  ] as const)(
    '[SSE-40] [S001-18] %s: %s there are %i places, and one more once somebody leaves',
    (door, _, max, who, status, code, limit) => {
      const { quota, counts } = quotaOf();
      const seats = comeIn(quota, door, max, () => who);
      const more = { ip: '192.0.2.99', user: 'more', ...who };
      expect(quota.enter(door, more)).toEqual({ status, code, retryAfterMs: 60_000 });
      expect([...counts.limitsHit]).toEqual([[limit, 1]]);
      seats[0]?.leave();
      expect(isSeat(quota.enter(door, more))).toBe(true);
    },
  );

  it('[SSE-40] each door has places of its own, and settings name how many', () => {
    const { quota } = quotaOf({ sseConnectionsMax: 1, bridgeConnectionsMax: 1, wsConnectionsPerUserMax: 1 });
    for (const door of ['sse', 'bridge', 'ws'] as const) {
      comeIn(quota, door, 1, () => ({}));
      expect([door, isSeat(quota.enter(door, { ip: '192.0.2.99', user: 'u0' }))]).toEqual([door, false]);
    }
  });

  it('[SSE-40] an address is an IPv4 address or a network of IPv6', () => {
    const { quota } = quotaOf({ sseConnectionsPerIpMax: 1 });
    comeIn(quota, 'sse', 1, () => ({ ip: '2001:db8::1' }));
    expect(isSeat(quota.enter('sse', { ip: '2001:db8::2' }))).toBe(false);
    expect(isSeat(quota.enter('sse', { ip: '2001:db8:1::1' }))).toBe(true);
  });

  it('[SSE-34] [S001-20] when all have left nothing is left of them, and to leave twice is to leave once', () => {
    const { quota } = quotaOf();
    const seats = comeIn(quota, 'sse', 7, (at) => ({ ip: at < 3 ? '192.0.2.7' : `192.0.2.${at}` }));
    expect(quota.stats('sse')).toEqual({ active: 7, users: 7, addresses: 5, perAddressPeak: 3, max: 10_000 });
    for (const seat of [...seats, ...seats]) seat.leave();
    expect(quota.stats('sse')).toEqual({ active: 0, users: 0, addresses: 0, perAddressPeak: 0, max: 10_000 });
  });
});
