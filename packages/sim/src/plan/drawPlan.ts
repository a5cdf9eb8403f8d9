import type { Profile } from '../profiles/Profile.js';
import { Rng } from '../rng.js';
import type { Plan, PlannedDevice, Step } from './Plan.js';

/** Something that may happen, and how often beside the others. */
export interface Drawn {
  readonly name: string;
  readonly weight: number;
}

/** Draws the plan of a seed. Each seed switches kinds of action and fault off and weighs the others anew, so that rare mixtures come up too. */
export function drawPlan(
  seed: number,
  profile: Profile,
  actions: readonly Drawn[],
  faults: readonly Drawn[],
): Plan {
  const rng = Rng.of(seed, `plan ${profile.name}`);
  const clockStepMs = rng.chance(0.3) ? 2000 : 1;
  const devices: PlannedDevice[] = [];
  for (let index = 0; index < profile.devices; index++)
    devices.push({ index, tabs: index === 0 ? 2 : 1, skewMs: rng.int(-5000, 5000) });
  const doable = swarm(actions, profile.actions, rng, 0.85);
  const likely = swarm(faults, profile.faults, rng, 0.6);
  const steps = (count: number, of: readonly Drawn[], fromMs: number): Step[] =>
    Array.from({ length: of.length === 0 ? 0 : count }, () => ({
      atMs: rng.int(fromMs, profile.faultyMs),
      does: weighted(of, rng),
      device: rng.int(0, profile.devices - 1),
      tab: rng.int(0, 59),
      seed: rng.u32(),
    })).sort((a, b) => a.atMs - b.atMs);
  return {
    seed,
    clockStepMs,
    devices,
    ...(profile.nodes !== undefined && { nodes: profile.nodes }),
    actions: steps(profile.steps, doable, 0),
    faults: steps(profile.strikes, likely, 1000),
    faultyMs: profile.faultyMs,
    healMs: profile.healMs,
    ...(profile.serverLimits && { serverLimits: profile.serverLimits }),
  };
}

/** The kinds that a run has, with the weights it gives them; at least one if there is any. */
function swarm(
  all: readonly Drawn[],
  weights: Readonly<Record<string, number>> | undefined,
  rng: Rng,
  onP: number,
): Drawn[] {
  const possible = all
    .map(({ name, weight }) => ({ name, weight: weights?.[name] ?? weights?.['*'] ?? weight }))
    .filter(({ weight }) => weight > 0);
  const on: Drawn[] = [];
  for (const { name, weight } of possible) {
    const isOn = rng.chance(onP);
    const drawn = weight * (0.2 + 1.8 * rng.float());
    if (isOn) on.push({ name, weight: drawn });
  }
  return on.length > 0 || possible.length === 0 ? on : [rng.pick(possible)];
}

function weighted(of: readonly Drawn[], rng: Rng): string {
  let at = rng.float() * of.reduce((sum, { weight }) => sum + weight, 0);
  for (const { name, weight } of of) {
    at -= weight;
    if (at < 0) return name;
  }
  return (of.at(-1) as Drawn).name;
}
