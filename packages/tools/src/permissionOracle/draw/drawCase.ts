import { Rng } from '@topgun/sim/internal/rng';
import { actions } from '../actions/index.js';
import type { Case } from '../Case.js';
import { PEOPLE, ROOT } from '../world.js';
import { drawPolicies, drawPrincipal } from './drawPolicies.js';
import { drawSteps } from './drawSteps.js';

const STEPS = 400;

export function drawCase(seed: number): Case {
  const rng = Rng.of(seed, 'permission oracle');
  const policies = drawPolicies(rng);
  const people = [ROOT, ...PEOPLE.map((sub) => drawPrincipal(rng, sub))];
  const steps = drawSteps(rng, actions, STEPS, PEOPLE.length);
  return { seed, policies, people, steps };
}
