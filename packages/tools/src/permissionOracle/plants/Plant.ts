import type { Planted } from '../runCase.js';

/** A leak put into the running server, and the outlet through which the oracle must see it leave. */
export interface Plant {
  readonly outlet: string;
  readonly name: string;
  readonly plant: Planted;
}
