import { setTimeout as sleep } from 'node:timers/promises';
import type { Rule } from '../net/Effect.js';
import { CLIENTS, NODES } from '../stage/ChaosStage.js';
import { type Fault, type Scene, someSeconds } from './Fault.js';

const FLAPS = 5;
const FLAP_MS = 600;

/** A fault of the way between a node and clients, all or some. */
const before = (
  kind: string,
  how: (
    node: string,
    rng: Scene['rng'],
  ) => Pick<Rule, 'between' | 'direction' | 'effect' | 'share' | 'endsReset'>,
): Fault => ({
  kind: `clients ${kind}`,
  group: 'clients',
  begin: async ({ stage, rng }) => {
    const node = stage.nameOf(rng.int(0, NODES - 1));
    const rule = how(node, rng);
    const lift = stage.net.lay(rule);
    const { share = 1, between } = rule;
    const what = `${Math.round(share * 100)} % of ${between.join(rule.direction === 'both' ? ' ↔ ' : ' → ')}`;
    return { what, lastsMs: someSeconds(rng), heal: async () => lift() };
  },
});

const both = (node: string): Pick<Rule, 'between' | 'direction'> => ({
  between: [CLIENTS, node],
  direction: 'both',
});

const flapping: Fault = {
  kind: 'clients flapping',
  group: 'clients',
  begin: async ({ stage, rng }) => {
    const node = stage.nameOf(rng.int(0, NODES - 1));
    const share = rng.float();
    for (let flap = 0; flap < FLAPS; flap++) {
      stage.net.lay({ ...both(node), effect: { type: 'cut' }, share })();
      await sleep(FLAP_MS);
    }
    return {
      what: `${Math.round(share * 100)} % at ${node}, ${FLAPS} times`,
      lastsMs: 0,
      heal: async () => undefined,
    };
  },
};

export const clients: readonly Fault[] = [
  before('cut', (node, rng) => ({ ...both(node), effect: { type: 'cut' }, share: rng.float() })),
  before('silent', (node, rng) => ({ ...both(node), effect: { type: 'hold' }, share: rng.float() })),
  before('unanswered', (node) => ({
    between: [node, CLIENTS],
    direction: 'there',
    effect: { type: 'hold' },
    endsReset: true,
  })),
  before('half open', (node, rng) => ({ ...both(node), effect: { type: 'half' }, share: rng.float() })),
  before('slow', (node) => ({ ...both(node), effect: { type: 'slow', delayMs: 100, jitterMs: 400 } })),
  flapping,
];
