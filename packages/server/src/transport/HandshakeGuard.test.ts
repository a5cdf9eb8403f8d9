import { beforeEach, describe, expect, it } from 'vitest';
import { LimitCounts } from '../limits/LimitCounts.js';
import { HandshakeGuard, type HandshakeSettings, type Seat } from './HandshakeGuard.js';

const wide: HandshakeSettings = {
  connectionsMax: 100,
  connectionsPerIpMax: 100,
  strangersMax: 100,
  handshakesMax: 100,
  handshakesPerIpMax: 100,
};
let counts: LimitCounts;
beforeEach(() => {
  counts = new LimitCounts();
});
const guardOf = (settings: Partial<HandshakeSettings>): HandshakeGuard =>
  new HandshakeGuard({ ...wide, ...settings }, counts);
/** A place that is given. */
function open(guard: HandshakeGuard, address: string, nowMs = 0): Seat {
  const seat = guard.admit(address, nowMs);
  if (typeof seat === 'number') throw new Error(`refused with ${seat}`);
  return seat;
}
const limitsHit = (): object => Object.fromEntries(counts.limitsHit);

describe('HandshakeGuard', () => {
  it('[LMT-11] an address may hold so many sockets, and all together so many', () => {
    const guard = guardOf({ connectionsMax: 3, connectionsPerIpMax: 2 });
    const [first] = ['a', 'a', 'b'].map((address) => open(guard, address));
    expect(guard.admit('a', 0)).toBe(429);
    expect(guard.admit('c', 0)).toBe(503);
    first?.leave();
    first?.leave();
    open(guard, 'a');
    expect(guard.admit('b', 0)).toBe(503);
    expect(limitsHit()).toEqual({ connectionsPerIp: 1, connections: 2 });
  });

  it('[LMT-11] handshakes of an address are limited by rate', () => {
    const guard = guardOf({ handshakesPerIpMax: 2 });
    let allowed = 0;
    while (typeof guard.admit('a', 0) === 'object') allowed++;
    expect(allowed).toBe(20);
    expect(guard.admit('a', 0)).toBe(429);
    open(guard, 'b');
    open(guard, 'a', 500);
    expect(limitsHit()).toEqual({ handshakesPerIp: 2 });
  });

  it('[LMT-11] handshakes are limited by rate in all', () => {
    const guard = guardOf({ handshakesMax: 2 });
    for (let i = 0; i < 20; i++) open(guard, `a${i}`);
    expect(guard.admit('b', 0)).toBe(503);
    open(guard, 'b', 500);
    expect(limitsHit()).toEqual({ handshakesPerNode: 1 });
  });

  it('[LMT-11] strangers are limited in all, and make room when they are known or gone', () => {
    const guard = guardOf({ strangersMax: 2 });
    const [first, second] = [open(guard, 'a'), open(guard, 'b')];
    expect(guard.admit('c', 0)).toBe(503);
    first.authenticated();
    first.authenticated();
    open(guard, 'c');
    expect(guard.admit('d', 0)).toBe(503);
    first.leave();
    expect(guard.admit('d', 0)).toBe(503);
    second.leave();
    open(guard, 'd');
    expect(limitsHit()).toEqual({ strangers: 3 });
  });

  it('[LMT-11] a network of IPv6 counts as one address', () => {
    const guard = guardOf({ connectionsPerIpMax: 1 });
    open(guard, '2001:db8:1:2::1');
    expect(guard.admit('2001:db8:1:2:ffff::9', 0)).toBe(429);
    open(guard, '2001:db8:1:3::1');
  });

  it('[LMT-11] addresses without sockets are forgotten, but not before their rate is whole again', () => {
    const guard = guardOf({ handshakesPerIpMax: 1 });
    for (const seat of Array.from({ length: 10 }, () => open(guard, 'a'))) seat.leave();
    guard.sweep(0);
    expect(guard.admit('a', 0)).toBe(429);
    guard.sweep(20_000);
    open(guard, 'a', 20_000);
  });
});
