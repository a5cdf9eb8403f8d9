import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import { CLUSTER_LIMITS } from '@topgun/protocol/cluster';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ClusterRig, ownedBy } from './testing/ClusterRig.js';

const NODES = ['ws://a', 'ws://b', 'ws://c', 'ws://d'] as const;
const nodeIndex = fc.nat(NODES.length - 1);

type Step =
  | { readonly what: 'up' | 'down'; readonly node: number }
  | { readonly what: 'pause'; readonly ms: number }
  | { readonly what: 'cut'; readonly code: number }
  | { readonly what: 'silent' }
  | { readonly what: 'map'; readonly states: readonly number[] }
  | { readonly what: 'write'; readonly key: string };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ what: fc.constantFrom('up' as const, 'down' as const), node: nodeIndex }),
  fc.record({ what: fc.constant('pause' as const), ms: fc.integer({ min: 0, max: 40_000 }) }),
  fc.record({ what: fc.constant('cut' as const), code: fc.constantFrom(1000, 1001, 1006, 1012, 1013) }),
  fc.record({ what: fc.constant('silent' as const) }),
  fc.record({
    what: fc.constant('map' as const),
    states: fc.array(fc.nat(3), { minLength: NODES.length, maxLength: NODES.length }),
  }),
  fc.record({ what: fc.constant('write' as const), key: fc.constantFrom('{x}', '{y}', 'k1', 'k2') }),
);

/** What stands above the machine and below it: an engine that connects again, after a pause or at once, and nodes that are there or not. */
class Play {
  readonly rig: ClusterRig;
  readonly isUp = NODES.map(() => true);
  #heard = 0;
  /** sockets opened since the engine last paused, or a connection held */
  opens = 0;
  #seen = 0;

  constructor(seeds: readonly string[], lots: readonly number[], smartRouting: boolean) {
    this.rig = new ClusterRig(seeds, { lots, smartRouting });
  }

  get isConnected(): boolean {
    return this.rig.told.at(-1) === 'connected';
  }

  /** The engine pauses, then connects. */
  connect(): void {
    this.opens = 0;
    this.rig.machine.connect();
    this.#settle();
  }

  run(step: Step): void {
    const { rig } = this;
    switch (step.what) {
      case 'up':
      case 'down':
        this.isUp[step.node] = step.what === 'up';
        if (step.what === 'down' && this.isConnected && this.#at() === step.node)
          rig.machine.closed(1006, '');
        break;
      case 'pause':
        // An engine that pauses comes back in the end.
        if (rig.told.at(-1)?.startsWith('disconnected')) return this.connect();
        rig.advance(step.ms);
        if (step.ms >= CLUSTER_LIMITS.nodeStableMs) this.opens = 0;
        break;
      case 'cut':
        if (this.isConnected) rig.machine.closed(step.code, '');
        break;
      case 'silent':
        if (this.isConnected) rig.machine.close(CLOSE_CODE.REPLACED);
        break;
      case 'map': {
        const nodes = NODES.flatMap((url, i) =>
          step.states[i] === 3 ? [] : [[String(i), url, step.states[i] ?? 1] as const],
        );
        if (this.isConnected)
          rig.map({
            self: String(this.#at()),
            nodes,
            owners: ownedBy('{x}', Math.min(2, nodes.length), Math.min(1, nodes.length)),
          });
        break;
      }
      case 'write':
        if (this.isConnected) rig.write(Array.from({ length: 120 }, () => step.key));
    }
    this.#settle();
  }

  #at(): number {
    return NODES.indexOf(this.rig.opening as (typeof NODES)[number]);
  }

  /** Lets nodes answer, and the engine go on at once where it is told to. */
  #settle(): void {
    const { rig } = this;
    for (;;) {
      const told = rig.told.slice(this.#heard);
      this.#heard = rig.told.length;
      if (told.at(-1)?.endsWith('elsewhere')) rig.machine.connect();
      else if (rig.opened.length > this.#seen) {
        this.#seen++;
        this.opens++;
        const url = rig.opened[this.#seen - 1] as (typeof NODES)[number];
        if (this.isUp[NODES.indexOf(url)]) {
          rig.machine.opened();
          rig.ack();
        } else rig.machine.closed(1006, 'refused');
      } else if (rig.machine.way !== undefined && !this.isConnected) {
        // It waits for the moment to open the next one.
        rig.advance(CLUSTER_LIMITS.nodeSpreadMs);
        if (rig.opened.length === this.#seen) return;
      } else if (told.length === 0) return;
    }
  }
}

const plays = fc.record({
  seeds: fc.uniqueArray(fc.constantFrom(...NODES), { minLength: 1 }),
  lots: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 7 }),
  smartRouting: fc.boolean(),
  steps: fc.array(step, { maxLength: 60 }),
});

describe('a client and nodes that come and go', () => {
  it('[CCL-4] [CCL-5] tells the engine of each attempt once, and opens no more sockets without a pause than there are ways', () => {
    fc.assert(
      fc.property(plays, ({ seeds, lots, smartRouting, steps }) => {
        const play = new Play(seeds, lots, smartRouting);
        play.connect();
        for (const next of steps) {
          play.run(next);
          const { told, machine } = play.rig;
          // Connections and their ends take turns; only attempts that failed end twice in a row.
          expect(told.filter((line, i) => line === 'connected' && told[i - 1] === 'connected')).toEqual([]);
          expect(machine.way !== undefined).toBe(play.isConnected);
          // Each way once, and the same again for each that was found again after a connection that held.
          expect(play.opens).toBeLessThanOrEqual(2 * NODES.length);
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('[CCL-3] [CCL-6] whatever happened before, the next attempt finds a seed that answers', () => {
    fc.assert(
      fc.property(plays, nodeIndex, fc.nat(7), ({ seeds, lots, smartRouting, steps }, lucky, dark) => {
        const play = new Play(seeds, lots, smartRouting);
        play.connect();
        for (const next of steps) play.run(next);
        play.isUp.fill(false);
        play.run({ what: 'cut', code: 1006 });
        // Nobody answers for a while, as when a device is offline.
        for (let i = 0; i < dark; i++) play.connect();
        const found = seeds[lucky % seeds.length] as (typeof NODES)[number];
        play.isUp[NODES.indexOf(found)] = true;
        // Ways in order that fail stand before those whose circuit is open, until theirs is open too.
        for (let i = 0; i <= CLUSTER_LIMITS.circuitFailures && !play.isConnected; i++) play.connect();
        expect(play.isConnected).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });
});
