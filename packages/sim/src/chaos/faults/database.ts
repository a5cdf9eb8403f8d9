import { setTimeout as sleep } from 'node:timers/promises';
import type { Rule } from '../net/Effect.js';
import { NODES, POSTGRES } from '../stage/ChaosStage.js';
import { type Fault, someSeconds } from './Fault.js';

/** Longer than a lease. */
const LONG_MS = 12_000;
/** Shorter than what a node believes itself alive for. */
const SHORT_MS = 2_500;

/** A fault of the way between one node and PostgreSQL. */
const way = (
  kind: string,
  lastsMs: number,
  how: (node: string) => Pick<Rule, 'between' | 'direction' | 'effect' | 'endsReset'>,
): Fault => ({
  kind: `database ${kind}`,
  group: 'database',
  ...(lastsMs > SHORT_MS && { isDeath: true }),
  begin: async ({ stage, rng }) => {
    const at = rng.int(0, NODES - 1);
    const rule = how(stage.nameOf(at));
    const lift = stage.net.lay(rule);
    const what = rule.between.join(rule.direction === 'both' ? ' ↔ ' : ' → ');
    return { what, lastsMs, ...(lastsMs > SHORT_MS && { death: at }), heal: async () => lift() };
  },
});

const both = (node: string): Pick<Rule, 'between' | 'direction'> => ({
  between: [node, POSTGRES],
  direction: 'both',
});

/** PostgreSQL ends, and is started again after a while. */
const stopped = (kind: string, signal: 'SIGINT' | 'SIGQUIT' | 'SIGKILL', downMs: number): Fault => ({
  kind: `PostgreSQL ${kind}`,
  group: 'database',
  begin: async ({ stage }) => {
    await stage.postgres.kill(signal);
    return {
      what: `${signal}, down for ${downMs / 1_000} s`,
      lastsMs: downMs,
      heal: () => stage.postgres.restart(),
    };
  },
});

const terminated: Fault = {
  kind: 'PostgreSQL terminates connections',
  group: 'database',
  begin: async ({ stage, rng }) => {
    const times = rng.int(1, 3);
    let ended = 0;
    for (let time = 0; time < times; time++) {
      ended += await stage.witness.terminateAll();
      await sleep(500);
    }
    return { what: `${ended} of them, ${times} times`, lastsMs: 0, heal: async () => undefined };
  },
};

const silent: Fault = {
  kind: 'PostgreSQL silent for all',
  group: 'database',
  begin: async ({ stage, rng }) => {
    const lift = stage.net.lay({ between: ['*', POSTGRES], direction: 'both', effect: { type: 'hold' } });
    return { what: 'no node hears of it', lastsMs: someSeconds(rng), heal: async () => lift() };
  },
};

export const database: readonly Fault[] = [
  way('cut for a moment', SHORT_MS, (node) => ({ ...both(node), effect: { type: 'cut' } })),
  way('slow', SHORT_MS, (node) => ({ ...both(node), effect: { type: 'slow', delayMs: 50, jitterMs: 200 } })),
  way('trickling', SHORT_MS, (node) => ({
    ...both(node),
    effect: { type: 'trickle', bytesPerSecond: 50_000 },
  })),
  way('half open', SHORT_MS, (node) => ({ ...both(node), effect: { type: 'half' } })),
  way('cut', LONG_MS, (node) => ({ ...both(node), effect: { type: 'cut' } })),
  way('silent then late', LONG_MS, (node) => ({ ...both(node), effect: { type: 'hold' } })),
  way('unanswered', LONG_MS, (node) => ({
    between: [POSTGRES, node],
    direction: 'there',
    effect: { type: 'hold' },
    endsReset: true,
  })),
  stopped('restarted fast', 'SIGINT', 0),
  stopped('stopped immediately', 'SIGQUIT', 0),
  stopped('killed', 'SIGKILL', 0),
  stopped('gone', 'SIGINT', 8_000),
  terminated,
  silent,
];
