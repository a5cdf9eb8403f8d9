import type { Policy, Principal } from '@topgun/server/engine';

/** One thing that happens, by the name of its action, with the seed of all that it draws. */
export interface Step {
  readonly does: string;
  /** place among the people, 0 = ROOT */
  readonly who: number;
  readonly seed: number;
}

/** A run as data: steps are independent, so that a case stays one when some are left out. */
export interface Case {
  readonly seed: number;
  readonly policies: readonly Policy[];
  /** ROOT first */
  readonly people: readonly Principal[];
  readonly steps: readonly Step[];
}
