export type { Profile, SimResult } from './simulate.js';
export { STANDARD, simulate } from './simulate.js';
