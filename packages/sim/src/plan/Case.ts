import type { Plan } from './Plan.js';

/** A run worth keeping: mostly a failure made small. Replayed by `npm run sim -- --case FILE`, and for ever by the tests if it lies in `cases/`. */
export interface Case {
  /** The rule that the run broke. */
  readonly rule: string;
  /** What went wrong, for people. */
  readonly why: string;
  /** Name of the planted bug without which the run is sound. */
  readonly bug?: string;
  readonly plan: Plan;
}

/** The rule a failure names: `12 ms: C8: device-1 is stuck` → `C8`. */
export const ruleOf = (failure: string): string => /^\d+ ms: ([A-Z]+[0-9-]*):/.exec(failure)?.[1] ?? 'error';
