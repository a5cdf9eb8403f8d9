import {
  type Aggregate,
  type AggregateFilter,
  type AggregateSpec,
  hashValue,
  normalizeAggregate,
  type QuerySpec,
  type Selection,
} from '@topgun/core';
import { contextOf } from '../clientContext.js';
import { queryName } from '../engine/QueryFeed.js';
import type { LiveQueries } from '../query/LiveQueries.js';
import type { LiveQuery } from '../query/LiveQuery.js';
import { SharedViews } from '../query/SharedViews.js';
import { SnapshotHandle } from '../query/SnapshotHandle.js';
import type { TopGunClient } from '../TopGunClient.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { AggregateFold, type AggregateSnapshot } from './AggregateFold.js';

/** A group: `_key`, a text that stands for it, its values under the paths of `groupBy`, and its aggregates under their names. */
export type AggregateGroup<S extends Selection, G extends string> = { readonly _key: string } & {
  readonly [P in G]: unknown;
} & { readonly [N in keyof S]: S[N] extends Aggregate<infer R> ? R : never };

const folds = new SharedViews<AggregateFold>();

/** Made by `aggregate(client, map, filter)`. */
export class AggregateHandle<G> extends SnapshotHandle<AggregateSnapshot<G>> {
  /** Equal for handles of one client that ask the same. */
  readonly key: string;
  readonly #map: string;
  readonly #query: QuerySpec;
  readonly #queryName: string;
  readonly #spec: AggregateSpec;
  readonly #queries: LiveQueries;

  constructor(client: TopGunClient, map: string, filter: AggregateFilter) {
    super();
    this.#queries = contextOf(client).queries;
    const { query, spec } = normalizeAggregate(filter, this.#queries.ports);
    this.#map = map;
    this.#query = query;
    this.#spec = spec;
    this.#queryName = queryName(map, query);
    this.key = String(hashValue([this.#queryName, { ...spec }]));
  }

  getSnapshot(): AggregateSnapshot<G> {
    const live = this.#live();
    const fold = folds.of(live, this.key, () => new AggregateFold(this.#spec, live, `aggregate ${this.key}`));
    // Names of groups and their types are those of the filter, which the function's type has taken them from.
    return fold.snapshot() as unknown as AggregateSnapshot<G>;
  }

  protected listen(changed: () => void): Unsubscribe {
    return this.#live().subscribe(changed);
  }

  #live(): LiveQuery<unknown> {
    return this.#queries.of<unknown>(this.#queryName, this.#map, this.#query);
  }
}
