import {
  hashValue,
  type Include,
  type IncludeSpec,
  type Includes,
  normalizeIncludes,
  normalizeQuery,
  type QueryFilter,
  type QuerySpec,
} from '@topgun/core';
import { contextOf } from '../clientContext.js';
import { queryName } from '../engine/QueryFeed.js';
import type { LiveQueries } from '../query/LiveQueries.js';
import type { LiveQuery } from '../query/LiveQuery.js';
import type { Row } from '../query/QueryRows.js';
import { SharedViews } from '../query/SharedViews.js';
import { SnapshotHandle } from '../query/SnapshotHandle.js';
import type { TopGunClient } from '../TopGunClient.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { type RelatedSnapshot, RelatedView } from './RelatedView.js';

/** Rows of a map: what `rows` makes. `T` is the type of the map's values. */
export interface RowsOf<T = unknown> {
  readonly map: string;
  readonly filter: QueryFilter;
  /** Never there: it carries the type. */
  readonly value?: T;
}

/** A row and its partners: of `one` a row or undefined, of `many` a list of rows. */
export type RelatedRow<T, I extends Includes> = Omit<Row<T>, keyof I> & {
  readonly [N in keyof I]: I[N] extends Include<infer R> ? R : never;
};

const views = new SharedViews<RelatedView>();

/** Made by `related(client, rows, includes)`. */
export class RelatedHandle<R> extends SnapshotHandle<RelatedSnapshot<R>> {
  /** Equal for handles of one client that ask the same. */
  readonly key: string;
  readonly #questions: readonly { readonly name: string; readonly map: string; readonly query: QuerySpec }[];
  readonly #includes: readonly IncludeSpec[];
  readonly #queries: LiveQueries;

  constructor(client: TopGunClient, { map, filter }: RowsOf, includes: Includes) {
    super();
    this.#queries = contextOf(client).queries;
    const { ports } = this.#queries;
    this.#includes = normalizeIncludes(includes, ports);
    this.#questions = [{ map, query: normalizeQuery(filter, ports) }, ...this.#includes].map(
      ({ map, query }) => ({
        name: queryName(map, query),
        map,
        query,
      }),
    );
    const relations = this.#includes.map(({ from, to, ...spec }) => ({
      ...spec,
      from: from ?? null,
      to: to ?? null,
    }));
    this.key = String(hashValue([this.#questions.map(({ name }) => name), relations]));
  }

  getSnapshot(): RelatedSnapshot<R> {
    const lives = this.#lives();
    const [rows] = lives as [LiveQuery<unknown>, ...LiveQuery<unknown>[]];
    const view = views.of(
      rows,
      this.key,
      () => new RelatedView(this.#includes, lives, `related ${this.key}`),
      (known) => known.isOn(lives),
    );
    // The fields of a row and the names of its partners are those of the filter, which the function's type has taken them from.
    return view.snapshot() as unknown as RelatedSnapshot<R>;
  }

  protected listen(changed: () => void): Unsubscribe {
    const ends = this.#lives().map((live) => live.subscribe(changed));
    return () => {
      for (const end of ends) end();
    };
  }

  #lives(): LiveQuery<unknown>[] {
    return this.#questions.map(({ name, map, query }) => this.#queries.of<unknown>(name, map, query));
  }
}
