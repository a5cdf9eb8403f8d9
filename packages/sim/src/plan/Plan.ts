import type { EngineLimits } from '@topgun/server/engine';

/** One thing that happens at one time: an action of a user or a fault, by name, with the seed of everything it draws. */
export interface Step {
  readonly atMs: number;
  /** Name of an action or a fault. */
  readonly does: string;
  /** Index into the devices of the plan. */
  readonly device: number;
  /** Any number; names one of the tabs open at that time, modulo their count. */
  readonly tab: number;
  readonly seed: number;
}

export interface PlannedDevice {
  /** Name, and number by which steps know it. */
  readonly index: number;
  readonly tabs: number;
  readonly skewMs: number;
}

/**
 * A run as data: all that a seed decides about who does what and what goes wrong when. Steps are independent, so that a plan
 * stays a plan when some are left out, which is how a failing run is made small.
 */
export interface Plan {
  /** Decides what no step draws by itself: delays, ids, which frame is lost. */
  readonly seed: number;
  readonly clockStepMs: number;
  readonly devices: readonly PlannedDevice[];
  /** A cluster of so many nodes is the server. */
  readonly nodes?: number | undefined;
  readonly actions: readonly Step[];
  readonly faults: readonly Step[];
  /** Length of the first phase, virtual ms. */
  readonly faultyMs: number;
  /** Within this time after healing everything is drained and equal, virtual ms. */
  readonly healMs: number;
  /** Bounds of the server in place of its own. */
  readonly serverLimits?: Partial<EngineLimits> | undefined;
}
