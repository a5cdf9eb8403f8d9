import { Rng } from '@topgun/sim/internal/rng';
import { actions } from '../actions/index.js';
import { put } from '../actions/writes.js';
import type { Case, Step } from '../Case.js';
import { PEOPLE, ROOT } from '../world.js';
import { drawPolicies, drawPrincipal } from './drawPolicies.js';

/** ROOT writes more than the others, so that there is something to see. */
const ROOT_P = 0.5;
const STEPS = 400;

export function drawCase(seed: number): Case {
  const rng = Rng.of(seed, 'permission oracle');
  const policies = drawPolicies(rng);
  const people = [ROOT, ...PEOPLE.map((sub) => drawPrincipal(rng, sub))];
  const total = actions.reduce((sum, { weight }) => sum + weight, 0);
  const does = (): string => {
    let at = rng.float() * total;
    for (const { name, weight } of actions) {
      at -= weight;
      if (at < 0) return name;
    }
    return put.name;
  };
  const steps = Array.from(
    { length: STEPS },
    (): Step => ({ does: does(), who: rng.chance(ROOT_P) ? 0 : rng.int(1, PEOPLE.length), seed: rng.u32() }),
  );
  return { seed, policies, people, steps };
}
