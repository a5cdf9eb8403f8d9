import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { NtpTimeProvider } from './NtpTimeProvider.js';
import { type ReplyParts, replyTo } from './testing/FakeNtpServer.js';
import { NtpWorld } from './testing/NtpWorld.js';

const HOUR_MS = 3_600_000;

/** How a server behaves: by how much its clock differs from the local one, and how long its answers take. */
interface Behaviour extends ReplyParts {
  readonly offsetMs?: number;
  readonly tookMs?: number;
  readonly isSilent?: boolean;
}

/** A provider whose servers answer without a network, by name. */
function setUp(...names: string[]) {
  const world = new NtpWorld();
  const asked: string[] = [];
  const behaviours = new Map<string, (count: number) => Behaviour>();
  let open = 0;
  const ports = world.ports((server, onBytes) => {
    open++;
    return {
      send: (request) => {
        asked.push(server);
        const count = asked.filter((name) => name === server).length;
        const { offsetMs = 0, tookMs = 0, isSilent, ...parts } = behaviours.get(server)?.(count) ?? {};
        if (isSilent) return;
        const arrivesMs = world.localMs + offsetMs + tookMs / 2;
        queueMicrotask(() => {
          world.pass(tookMs);
          onBytes(replyTo(request, arrivesMs, parts));
        });
      },
      close: () => {
        open--;
      },
    };
  });
  const provider = new NtpTimeProvider(names, ports);
  return { world, provider, asked, behaviours, links: () => open };
}

/** Lets a round go on: what was asked is answered, and the next is asked. */
async function passing(world: NtpWorld, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    world.pass(Math.min(1_000, ms - passed));
    // As many servers as may answer at once, one after the other.
    for (let turn = 0; turn < 2 * LIMITS.ntpServers; turn++) await Promise.resolve();
  }
}

describe('NtpTimeProvider', () => {
  it('[NTP-3] [S000-18] is right with the first answer, in either direction, before anybody is served', async () => {
    for (const offsetMs of [HOUR_MS, -HOUR_MS]) {
      const { world, provider, behaviours } = setUp('a');
      behaviours.set('a', () => ({ offsetMs, tookMs: 40 }));
      await provider.start();
      expect(provider.wallMs()).toBe(world.localMs + offsetMs);
      expect(provider.status()).toMatchObject({ source: 'ntp', server: 'a', offsetMs, delayMs: 40 });
      expect(world.warnings()).toEqual([]);
    }
  });

  it('[NTP-3] uses the answer of a round with the shortest round trip', async () => {
    const { world, provider, asked, behaviours } = setUp('a');
    const took = [300, 20, 800, 90];
    behaviours.set('a', (count) => ({ offsetMs: 1_000 + count, tookMs: took[(count - 1) % 4] ?? 0 }));
    await provider.start();
    expect(provider.status()).toMatchObject({ offsetMs: 1_001 });
    await passing(world, 10_000);
    expect(asked).toHaveLength(LIMITS.ntpSamples);
    expect(provider.status()).toMatchObject({ offsetMs: 1_002, delayMs: 20 });
  });

  it('[NTP-3] measures again after a minute, then less and less often', async () => {
    const { world, provider, asked } = setUp('a');
    await provider.start();
    const at: number[] = [];
    const since = world.monoMs;
    for (let s = 0; s < 4_000; s++) {
      const before = asked.length;
      await passing(world, 1_000);
      if (asked.length > before && (asked.length - 1) % LIMITS.ntpSamples === 0)
        at.push(Math.round((world.monoMs - since) / 1_000));
    }
    expect(at).toEqual([70, 204, 466, 984, 2_014, 3_044]);
  });

  it('[NTP-4] time goes on forward once it is told: a correction back is slow, one forward is not', async () => {
    const { world, provider, behaviours } = setUp('a');
    let offsetMs = 10_000;
    behaviours.set('a', () => ({ offsetMs }));
    await provider.start();
    await passing(world, 10_000);
    offsetMs = 0;
    await passing(world, LIMITS.ntpPollMs);
    let last = provider.wallMs();
    for (let i = 0; i < 30; i++) {
      await passing(world, 1_000);
      expect(provider.wallMs()).toBeGreaterThan(last);
      last = provider.wallMs();
    }
    expect(provider.status().offsetMs).toBe(0);
  });

  it('[NTP-5] goes to the next server when one is silent, not fit, or a day off', async () => {
    const { world, provider, asked, behaviours } = setUp('silent', 'unfit', 'far', 'good');
    behaviours.set('silent', () => ({ isSilent: true }));
    behaviours.set('unfit', () => ({ leap: 3 }));
    behaviours.set('far', () => ({ offsetMs: LIMITS.ntpOffsetMs + 1_000 }));
    behaviours.set('good', () => ({ offsetMs: -500 }));
    const started = provider.start();
    await passing(world, 2_000);
    await started;
    expect(asked.slice(0, 4)).toEqual(['silent', 'unfit', 'far', 'good']);
    expect(provider.status()).toMatchObject({ source: 'ntp', server: 'good', offsetMs: -500 });
  });

  it('[NTP-5] [S000-19] falls back to the local clock with a warning, tries again with growing pauses, and comes back', async () => {
    const { world, provider, asked, behaviours } = setUp('a');
    let isSilent = true;
    behaviours.set('a', () => ({ isSilent, offsetMs: 2_000 }));
    let isStarted = false;
    void provider.start().then(() => {
      isStarted = true;
    });
    await passing(world, 1_000);
    expect(isStarted).toBe(true);
    expect(provider.wallMs()).toBe(world.localMs);
    expect(world.warnings()).toEqual(['no time server has answered: the local clock is used alone']);
    expect(provider.status()).toEqual({ source: 'local', offsetMs: 0, problem: 'a: no answer' });
    await passing(world, 130_000);
    expect(asked).toHaveLength(4);
    isSilent = false;
    await passing(world, 140_000);
    expect(provider.status()).toMatchObject({ source: 'ntp', offsetMs: 2_000 });
    expect(provider.status().problem).toBeUndefined();
  });

  it('[NTP-5] holds the last offset while nobody answers, and says so', async () => {
    const { world, provider, behaviours } = setUp('a');
    let isSilent = false;
    behaviours.set('a', () => ({ isSilent, offsetMs: 2_000 }));
    await provider.start();
    await passing(world, 10_000);
    isSilent = true;
    await passing(world, LIMITS.ntpPollMs + 2_000);
    expect(provider.status()).toMatchObject({ source: 'held', offsetMs: 2_000, problem: 'a: no answer' });
    expect(world.warnings()).toEqual(['no time server answers']);
    isSilent = false;
    await passing(world, 60_000);
    expect(provider.status()).toMatchObject({ source: 'ntp' });
    expect(world.told.at(-1)?.message).toBe('time comes from a time server again');
  });

  it('[NTP-6] never asks again who says DENY, and half as often who says RATE', async () => {
    const { world, provider, asked, behaviours } = setUp('deny', 'good');
    behaviours.set('deny', () => ({ stratum: 0, kiss: 'DENY' }));
    await provider.start();
    await passing(world, 1_000_000);
    expect(asked.filter((name) => name === 'deny')).toHaveLength(1);
    expect(provider.status()).toMatchObject({ source: 'ntp', server: 'good' });
    const alone = setUp('deny');
    alone.behaviours.set('deny', () => ({ stratum: 0, kiss: 'RSTR' }));
    await alone.provider.start();
    await passing(alone.world, 1_000_000);
    expect(alone.asked).toHaveLength(1);
    expect(alone.world.warnings().at(-1)).toBe('no time server is left');
    const rate = setUp('a');
    rate.behaviours.set('a', (count) => (count === 5 ? { stratum: 0, kiss: 'RATE' } : {}));
    await rate.provider.start();
    await passing(rate.world, 80_000);
    expect(rate.asked).toHaveLength(5);
    await passing(rate.world, 20_000);
    expect(rate.asked).toHaveLength(9);
    await passing(rate.world, 240_000);
    expect(rate.asked).toHaveLength(9);
  });

  it('[NTP-3] stops: no request is on its way and no timer runs any more', async () => {
    for (const isSilent of [true, false]) {
      const { world, provider, behaviours, links } = setUp('a');
      behaviours.set('a', () => ({ isSilent }));
      const started = provider.start();
      await Promise.resolve();
      provider.stop();
      await started;
      expect([world.timers, links()]).toEqual([0, 0]);
    }
  });
});
