import type { AggregateSpec, GroupRow } from '@topgun/core';
import { AggregateView } from '@topgun/core';
import type { LiveQuery } from '../query/LiveQuery.js';

/** What aggregates show now; the same object until something in it changes. */
export interface AggregateSnapshot<G> {
  /** In their order; unchanged groups are the same objects as before, an unchanged list the same array. */
  readonly groups: readonly G[];
  /** `complete`: the server's rows are in. `partial`: computed from what the device holds, which may be less. */
  readonly completeness: 'partial' | 'complete';
  /** False until the device's store is read or the server has answered. */
  readonly isLoaded: boolean;
}

/** The aggregates of one live query, kept up to date with it and shared by all handles that ask the same. */
export class AggregateFold {
  readonly #view: AggregateView;
  readonly #live: LiveQuery<unknown>;
  #snapshot: AggregateSnapshot<GroupRow> | undefined;

  /** `name` tells it from others on the same query. */
  constructor(spec: AggregateSpec, live: LiveQuery<unknown>, name: string) {
    this.#view = new AggregateView(spec);
    this.#live = live;
    live.follow(name, (changes) => {
      for (const { before, now } of changes) this.#view.change(before?.value, now?.value);
    });
  }

  snapshot(): AggregateSnapshot<GroupRow> {
    // Reading the query is what has it tell of its changes.
    const { completeness, isLoaded } = this.#live.state();
    const groups = this.#view.rows();
    const last = this.#snapshot;
    if (groups === last?.groups && completeness === last.completeness && isLoaded === last.isLoaded)
      return last;
    this.#snapshot = { groups, completeness, isLoaded };
    return this.#snapshot;
  }
}
