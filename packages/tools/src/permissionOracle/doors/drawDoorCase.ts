import { Rng } from '@topgun/sim/internal/rng';
import type { Case } from '../Case.js';
import { drawSteps } from '../draw/drawSteps.js';
import { doorActions } from './doorActions.js';
import { DOOR_PEOPLE, DOOR_ROOT, drawDoorPolicies, drawDoorPrincipal } from './doorWorld.js';

const STEPS = 80;

/** `only`: of these actions alone. */
export function drawDoorCase(seed: number, only?: readonly string[]): Case {
  const actions = doorActions.filter(({ name }) => only?.includes(name) !== false);
  const rng = Rng.of(seed, 'permission oracle at the doors');
  const policies = drawDoorPolicies(rng);
  const people = [DOOR_ROOT, ...DOOR_PEOPLE.map((sub) => drawDoorPrincipal(rng, sub))];
  const steps = drawSteps(rng, actions, STEPS, DOOR_PEOPLE.length);
  return { seed, policies, people, steps };
}
