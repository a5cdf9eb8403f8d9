import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { Admission } from './Admission.js';

const open = { connectionsMax: 3, connectionsPerIpMax: 2, loopbackOnly: false };

describe('Admission', () => {
  it('[OPS-30] an address may hold so many sockets, and all together so many', () => {
    const admission = new Admission(open);
    for (const ip of ['a', 'a', 'b']) {
      expect(admission.judge(ip, {}, 0)).toBeUndefined();
      admission.opened(ip, 0);
    }
    expect(admission.judge('a', {}, 0)).toBe(429);
    expect(admission.judge('c', {}, 0)).toBe(503);
    admission.closed('a');
    expect(admission.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-30] handshakes of an address are limited by rate', () => {
    const admission = new Admission(open);
    let allowed = 0;
    while (admission.judge('a', {}, 0) === undefined) allowed++;
    expect(allowed).toBe(LIMITS.handshakesPerIp * 10);
    expect(admission.judge('b', {}, 0)).toBeUndefined();
    expect(admission.judge('a', {}, 1000)).toBeUndefined();
  });

  it('[OPS-30] a clock that steps back takes nothing away', () => {
    const admission = new Admission(open);
    admission.judge('a', {}, 10_000);
    expect(admission.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-31] with origins listed only these may connect; programs without an origin may', () => {
    const admission = new Admission({ ...open, origins: ['https://app.example'] });
    expect(admission.judge('a', { origin: 'https://app.example' }, 0)).toBeUndefined();
    expect(admission.judge('a', { origin: 'https://app.example.evil' }, 0)).toBe(403);
    expect(admission.judge('a', { origin: 'null' }, 0)).toBe(403);
    expect(admission.judge('a', {}, 0)).toBeUndefined();
  });

  it('[OPS-31] in development pages of other hosts, and foreign names for this one, are refused', () => {
    const admission = new Admission({ ...open, loopbackOnly: true });
    expect(
      admission.judge('a', { origin: 'http://localhost:5173', host: '127.0.0.1:8080' }, 0),
    ).toBeUndefined();
    expect(admission.judge('a', { origin: 'https://evil.example', host: 'localhost:8080' }, 0)).toBe(403);
    expect(admission.judge('a', { origin: 'http://localhost.evil.example', host: 'localhost' }, 0)).toBe(403);
    expect(admission.judge('a', { host: 'rebound.example:8080' }, 0)).toBe(403);
    expect(admission.judge('a', { origin: 'null', host: 'localhost' }, 0)).toBe(403);
  });

  it('[OPS-30] addresses without sockets are forgotten', () => {
    const admission = new Admission({ ...open, connectionsPerIpMax: 1 });
    admission.judge('a', {}, 0);
    admission.opened('a', 0);
    admission.sweep(60_000);
    expect(admission.judge('a', {}, 60_000)).toBe(429);
    admission.closed('a');
    admission.sweep(120_000);
    expect(admission.judge('a', {}, 120_000)).toBeUndefined();
  });
});
