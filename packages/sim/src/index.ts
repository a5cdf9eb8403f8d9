export type { Plan, PlannedDevice, Step } from './plan/Plan.js';
export { profiles, STANDARD } from './profiles/index.js';
export type { Profile } from './profiles/Profile.js';
export type { SimResult } from './simulate.js';
export { runPlan, simulate } from './simulate.js';
