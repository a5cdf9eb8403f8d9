import { faults } from '../faults/index.js';
import { clusterFaults } from '../nodes/faults/index.js';
import type { Profile } from '../profiles/Profile.js';
import { actions } from '../workload/index.js';
import { drawPlan } from './drawPlan.js';
import type { Plan } from './Plan.js';

/** The plan of a seed for the simulation's own workload. */
export const makePlan = (seed: number, profile: Profile): Plan =>
  drawPlan(seed, profile, actions, [...faults, ...clusterFaults]);
