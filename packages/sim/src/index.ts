export type { SimAction, SimCheck, SimContext, SimOptions, SimPlan } from './app/options.js';
export { faultNames } from './app/options.js';
export { shrink } from './app/shrink.js';
export { type SimReport, type SimStrike, simulate } from './app/simulate.js';
export { type SimErrorCode, simErrors } from './errors.js';
