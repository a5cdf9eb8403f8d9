import type { Aggregate, SortDirection } from '@topgun/core';

/** Aggregates over the rows of a query, as an app asks for them. */
export interface Grouping {
  readonly groupBy: readonly string[];
  readonly select: Readonly<Record<string, Aggregate>>;
  readonly sort: readonly (readonly [name: string, direction: SortDirection])[];
  readonly limit?: number;
}
