import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { HandshakeGuard } from './HandshakeGuard.js';

const open = { connectionsMax: 3, connectionsPerIpMax: 2, loopbackOnly: false };

describe('HandshakeGuard', () => {
  it('[OPS-30] an address may hold so many sockets, and all together so many', () => {
    const guard = new HandshakeGuard(open);
    for (const ip of ['a', 'a', 'b']) {
      expect(guard.judge(ip, {}, 0)).toBeUndefined();
      guard.opened(ip, 0);
    }
    expect(guard.judge('a', {}, 0)).toBe(429);
    expect(guard.judge('c', {}, 0)).toBe(503);
    guard.closed('a');
    expect(guard.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-30] handshakes of an address are limited by rate', () => {
    const guard = new HandshakeGuard(open);
    let allowed = 0;
    while (guard.judge('a', {}, 0) === undefined) allowed++;
    expect(allowed).toBe(LIMITS.handshakesPerIp * 10);
    expect(guard.judge('b', {}, 0)).toBeUndefined();
    expect(guard.judge('a', {}, 1000)).toBeUndefined();
  });

  it('[OPS-30] a clock that steps back takes nothing away', () => {
    const guard = new HandshakeGuard(open);
    guard.judge('a', {}, 10_000);
    expect(guard.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-31] with origins listed only these may connect; programs without an origin may', () => {
    const guard = new HandshakeGuard({ ...open, origins: ['https://app.example'] });
    expect(guard.judge('a', { origin: 'https://app.example' }, 0)).toBeUndefined();
    expect(guard.judge('a', { origin: 'https://app.example.evil' }, 0)).toBe(403);
    expect(guard.judge('a', { origin: 'null' }, 0)).toBe(403);
    expect(guard.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-31] in development pages of other hosts, and foreign names for this one, are refused', () => {
    const guard = new HandshakeGuard({ ...open, loopbackOnly: true });
    expect(guard.judge('a', { origin: 'http://localhost:5173', host: '127.0.0.1:8080' }, 0)).toBeUndefined();
    expect(guard.judge('a', { origin: 'https://evil.example', host: 'localhost:8080' }, 0)).toBe(403);
    expect(guard.judge('a', { origin: 'http://localhost.evil.example', host: 'localhost' }, 0)).toBe(403);
    expect(guard.judge('a', { host: 'rebound.example:8080' }, 0)).toBe(403);
    expect(guard.judge('a', { origin: 'null', host: 'localhost' }, 0)).toBe(403);
  });

  it('[OPS-30] addresses without sockets are forgotten', () => {
    const guard = new HandshakeGuard({ ...open, connectionsPerIpMax: 1 });
    guard.judge('a', {}, 0);
    guard.opened('a', 0);
    guard.sweep(60_000);
    expect(guard.judge('a', {}, 60_000)).toBe(429);
    guard.closed('a');
    guard.sweep(120_000);
    expect(guard.judge('a', {}, 120_000)).toBeUndefined();
  });
});
