import { Rng } from '@topgun/sim/internal/rng';
import type { Case, Step } from '../Case.js';
import { doorActions } from './doorActions.js';
import { DOOR_PEOPLE, DOOR_ROOT, drawDoorPolicies, drawDoorPrincipal } from './doorWorld.js';

/** ROOT says more than the others, for it may. */
const ROOT_P = 0.5;
const STEPS = 80;

/** `only`: of these actions alone. */
export function drawDoorCase(seed: number, only?: readonly string[]): Case {
  const actions = doorActions.filter(({ name }) => only?.includes(name) !== false);
  const rng = Rng.of(seed, 'permission oracle at the doors');
  const policies = drawDoorPolicies(rng);
  const people = [DOOR_ROOT, ...DOOR_PEOPLE.map((sub) => drawDoorPrincipal(rng, sub))];
  const total = actions.reduce((sum, { weight }) => sum + weight, 0);
  const does = (): string => {
    let at = rng.float() * total;
    for (const { name, weight } of actions) {
      at -= weight;
      if (at < 0) return name;
    }
    return actions[0]?.name ?? '';
  };
  const steps = Array.from(
    { length: STEPS },
    (): Step => ({
      does: does(),
      who: rng.chance(ROOT_P) ? 0 : rng.int(1, DOOR_PEOPLE.length),
      seed: rng.u32(),
    }),
  );
  return { seed, policies, people, steps };
}
