import type { Rule } from '../net/Effect.js';
import { NODES } from '../stage/ChaosStage.js';
import { type Fault, type Scene, someSeconds } from './Fault.js';

/** A fault of the way between two nodes, drawn; both reach the database all the time. */
const between = (kind: string, how: Pick<Rule, 'direction' | 'effect' | 'endsReset'>): Fault => ({
  kind: `link ${kind}`,
  group: 'links',
  begin: async ({ stage, rng }: Scene) => {
    const one = rng.int(0, NODES - 1);
    const [from, to] = [stage.nameOf(one), stage.nameOf((one + rng.int(1, NODES - 1)) % NODES)];
    const lift = stage.net.lay({ ...how, between: [from, to] });
    const arrow = how.direction === 'both' ? '↔' : '→';
    return { what: `${from} ${arrow} ${to}`, lastsMs: someSeconds(rng), heal: async () => lift() };
  },
});

/** One node hears no other one, and they hear it; or nobody hears anybody. All reach the database. */
const apart: Fault = {
  kind: 'links all silent',
  group: 'links',
  begin: async ({ stage, rng }: Scene) => {
    const lifts = stage.names.map((from, at) =>
      stage.net.lay({
        between: [from, stage.nameOf((at + 1) % NODES)],
        direction: 'both',
        effect: { type: 'hold' },
        endsReset: true,
      }),
    );
    return {
      what: 'no node hears another',
      lastsMs: someSeconds(rng),
      heal: async () => lifts.forEach((lift) => void lift()),
    };
  },
};

/** Nothing arrives anywhere, as where the network of a whole site stands still: no node reaches anything, and no client a node. */
const nothing: Fault = {
  kind: 'all ways silent',
  group: 'links',
  begin: async ({ stage, rng }: Scene) => {
    const lift = stage.net.lay({ between: ['*', '*'], direction: 'both', effect: { type: 'hold' } });
    return { what: 'everybody', lastsMs: rng.int(3_000, 9_000), heal: async () => lift() };
  },
};

export const links: readonly Fault[] = [
  between('cut', { direction: 'both', effect: { type: 'cut' } }),
  between('silent then late', { direction: 'both', effect: { type: 'hold' } }),
  between('silent then reset', { direction: 'both', effect: { type: 'hold' }, endsReset: true }),
  between('silent one way', { direction: 'there', effect: { type: 'hold' } }),
  between('half open', { direction: 'both', effect: { type: 'half' } }),
  between('slow', { direction: 'both', effect: { type: 'slow', delayMs: 200, jitterMs: 300 } }),
  between('trickling', { direction: 'both', effect: { type: 'trickle', bytesPerSecond: 20_000 } }),
  apart,
  nothing,
];
