import type { EngineLimits } from '@topgun/server/engine';

/** The size of a run and what comes up in it. A new one is a file of its own and a line in `profiles`. Times are virtual. */
export interface Profile {
  readonly name: string;
  readonly devices: number;
  /** A cluster of so many nodes is the server. */
  readonly nodes?: number;
  /** How many actions of users. */
  readonly steps: number;
  /** How many strikes of faults. */
  readonly strikes: number;
  /** Length of the first phase, ms. */
  readonly faultyMs: number;
  /** Within this time after healing everything is drained and equal, ms. */
  readonly healMs: number;
  /** Bounds of the server in place of its own. */
  readonly serverLimits?: Partial<EngineLimits>;
  /** Weights by name of action in place of its own: 0 leaves it out, `*` stands for all that are not named. */
  readonly actions?: Readonly<Record<string, number>>;
  /** Weights by name of fault, likewise. */
  readonly faults?: Readonly<Record<string, number>>;
}
