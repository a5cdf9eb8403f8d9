import assert from 'node:assert/strict';
import { TopGunError } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import { faultNames, type SimContext, type SimOptions, shrink, simulate } from '../src/index.js';

const NETWORK = [
  'offline',
  'reset',
  'half-open',
  'one-way partition',
  'server crash',
  'flush fails',
  'tab freeze',
];

/** Votes that are counted by a counter: nothing is lost while stores keep what they hold. */
const poll: SimOptions = {
  steps: 40,
  faults: NETWORK,
  app: (client) => client.getPNCounter('tea'),
  actions: {
    vote(client, { note }) {
      note('a vote');
      client.getPNCounter('tea').increment();
    },
  },
  check(clients, notes) {
    for (const client of clients) assert.equal(client.getPNCounter('tea').get(), notes.length);
  },
};

/** The same by somebody who reads, adds one and writes: two votes at once count as one. */
const naive: SimOptions = {
  ...poll,
  app: (client) => client.getMap<number>('votes'),
  actions: {
    vote(client, { note }) {
      note('a vote');
      const votes = client.getMap<number>('votes');
      votes.set('tea', (votes.get('tea') ?? 0) + 1);
    },
  },
  check(clients, notes) {
    for (const client of clients) assert.equal(client.getMap<number>('votes').get('tea'), notes.length);
  },
};

describe('[SIM-15] an app in the simulated world', () => {
  it.each([1, 2, 3])('is sound under seed %i, and takes the same course twice', async (seed) => {
    const first = await simulate({ ...poll, seed });
    expect(first.failures).toEqual([]);
    expect(first.strikes.length).toBeGreaterThan(5);
    const again = await simulate({
      ...poll,
      plan: JSON.parse(JSON.stringify(first.plan)) as typeof first.plan,
    });
    expect(again.trace).toBe(first.trace);
    expect((await simulate({ ...poll, seed: seed + 100 })).trace).not.toBe(first.trace);
  });

  it('meets every kind of fault, and agrees in the end', async () => {
    const struck = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const { failures, strikes } = await simulate({
        ...poll,
        seed,
        strikes: 40,
        faults: faultNames,
        check(clients) {
          const shown = clients.map((client) => client.getPNCounter('tea').get());
          expect(new Set(shown).size).toBe(1);
          expect(new Set(clients.map((client) => client.liveRoot('tea'))).size).toBe(1);
        },
      });
      expect(failures).toEqual([]);
      for (const { fault } of strikes) struck.add(fault);
    }
    expect([...struck].sort()).toEqual([...faultNames].sort());
  });

  it('keeps what a tab wrote for the tabs after it: one store per device', async () => {
    const seen: unknown[] = [];
    const { failures } = await simulate({
      ...poll,
      devices: 1,
      strikes: 20,
      faults: ['tab kill', 'another tab'],
      check: (clients, notes) =>
        seen.push(clients.length, clients[0]?.getPNCounter('tea').get(), notes.length),
    });
    expect(failures).toEqual([]);
    const [tabs, votes, cast] = seen as [number, number, number];
    expect(tabs).toBeGreaterThan(0);
    expect(votes).toBeGreaterThan(cast / 2);
  });

  it('obeys policies: what the server refuses is taken back, and the app is told', async () => {
    const { failures } = await simulate({
      ...poll,
      faults: ['reset'],
      policies: [{ role: 'user', map: '**', actions: ['READ'] }],
      app(client, { note }) {
        client.getPNCounter('tea');
        client.onRejection(({ code }) => note(code));
      },
      actions: { vote: (client) => client.getPNCounter('tea').increment() },
      check(clients, notes) {
        assert.equal(notes.length, 40);
        for (const note of notes) assert.equal(note, 'DENIED');
        for (const client of clients) assert.equal(client.getPNCounter('tea').get(), 0);
      },
    });
    expect(failures).toEqual([]);
  });
});

describe('[SIM-16] the platform of the app', () => {
  const asked = async (
    ask: (context: SimContext) => unknown,
    more: Partial<SimOptions> = {},
  ): Promise<unknown[]> => {
    const answers: unknown[] = [];
    const { failures } = await simulate({
      seed: 5,
      devices: 1,
      steps: 3,
      faults: ['clock of another decade'],
      ...more,
      actions: { ask: async (_, context) => answers.push(await ask(context)) },
    });
    expect(failures).toEqual([]);
    return answers;
  };

  it('has virtual time: ten minutes of sleep take none', async () => {
    const startedMs = performance.now();
    const slept = await asked(
      async ({ sleep }) => {
        const beforeMs = performance.now();
        await sleep(600_000);
        return performance.now() - beforeMs;
      },
      { strikes: 0, healMs: 600_000 },
    );
    expect(slept).toHaveLength(3);
    for (const ms of slept) expect(ms).toBeGreaterThanOrEqual(600_000);
    expect(performance.now() - startedMs).toBeLessThan(60_000);
  });

  it('has the clock of its device, with its errors', async () => {
    const years = await asked(() => new Date().getUTCFullYear(), { strikes: 40, steps: 60 });
    expect(new Set(years).size).toBeGreaterThan(1);
  });

  it('has chance that follows from the seed', async () => {
    const draw = ({ random, pick }: SimContext): unknown[] => [
      random(),
      pick(['a', 'b', 'c']),
      Math.random(),
      crypto.randomUUID(),
      crypto.getRandomValues(new Uint32Array(2)).join(),
    ];
    expect(await asked(draw)).toEqual(await asked(draw));
    expect(await asked(draw)).not.toEqual(await asked(draw, { seed: 6 }));
  });

  it('has timers that repeat and can be cleared', async () => {
    const counts = await asked(async ({ sleep }) => {
      let ticks = 0;
      const never = setTimeout(() => (ticks += 100), 50);
      clearTimeout(never);
      const interval = setInterval(() => ticks++, 100);
      await sleep(1050);
      clearInterval(interval);
      await sleep(1000);
      return ticks;
    });
    expect(counts).toEqual([10, 10, 10]);
  });

  it('is gone when the run is over', async () => {
    const before = [Date, setTimeout, Math.random, performance.now, crypto.randomUUID];
    await asked(() => 0);
    expect([Date, setTimeout, Math.random, performance.now, crypto.randomUUID]).toEqual(before);
    expect('importScripts' in globalThis).toBe(false);
    expect(Date.now()).toBeGreaterThan(1_700_000_000_000);
  });

  it('is that of one run at a time: runs that are begun together wait for each other', async () => {
    const both = await Promise.all([simulate({ ...poll, seed: 1 }), simulate({ ...poll, seed: 1 })]);
    expect(both[0]?.trace).toBe(both[1]?.trace);
  });
});

describe('[SIM-17] what is wrong with an app', () => {
  it('is found, made small, kept as JSON and found again', async () => {
    let seed = 1;
    let found = await simulate({ ...naive, seed });
    while (found.failures.length === 0) found = await simulate({ ...naive, seed: ++seed });
    expect(seed).toBeLessThanOrEqual(5);
    expect(found.failures[0]).toMatch(/^\d+ ms: check: /);
    const small = await shrink({ ...naive, seed });
    if (small === undefined) throw new Error('The run stopped failing');
    expect(small.actions.length).toBeLessThanOrEqual(3);
    expect(small.faults.length).toBeLessThanOrEqual(2);
    const kept = JSON.parse(JSON.stringify(small)) as typeof small;
    expect((await simulate({ ...naive, plan: kept })).failures[0]).toMatch(/check: /);
    expect((await simulate({ ...poll, plan: kept })).failures).toEqual([]);
  });

  it('is told by the action that threw, unless its tab is gone', async () => {
    const { failures } = await simulate({
      steps: 3,
      actions: {
        async pay() {
          throw new Error('no money');
        },
      },
    });
    expect(failures[0]).toMatch(/^\d+ ms: pay on device-\d threw: no money$/);
  });

  it('is told in the middle of the run by what must always hold', async () => {
    const { failures } = await simulate({
      ...poll,
      strikes: 0,
      always: (_, notes) => assert.ok(notes.length < 10, 'ten votes'),
    });
    expect(failures).toHaveLength(1);
    expect(failures[0]).toMatch(/always: ten votes/);
  });

  it('is told by what never ends', async () => {
    const { failures } = await simulate({
      steps: 1,
      strikes: 0,
      actions: { wait: () => new Promise(() => undefined) },
    });
    expect(failures).toEqual([
      expect.stringMatching(/stuck: something that the app began on device-\d has not ended/),
    ]);
    const check = await simulate({ ...poll, check: () => new Promise(() => undefined) });
    expect(check.failures).toEqual([expect.stringMatching(/check: has not ended/)]);
  });

  it('is nothing where nothing fails', async () => {
    expect(await shrink({ ...poll, seed: 1 })).toBeUndefined();
  });

  it.each([
    ['devices', { devices: 0 }],
    ['seed', { seed: 1.5 }],
    ['steps', { steps: -1 }],
    ['forMs', { forMs: 10 }],
    ['faults', { faults: ['sharks'] }],
    ['actions', { actions: {} }],
  ])('is not a wrong %s, which is refused by name', async (name, more) => {
    const refusal = simulate({ ...poll, ...more });
    await expect(refusal).rejects.toBeInstanceOf(TopGunError);
    await expect(refusal).rejects.toMatchObject({
      code: 'SIM_OPTION_INVALID',
      message: expect.stringContaining(`"${name}"`) as unknown,
    });
  });
});
