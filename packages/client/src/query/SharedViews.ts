import type { LiveQuery } from './LiveQuery.js';

/** What is computed from live queries, shared by all who ask the same: one view per query and key, let go of with the query. */
export class SharedViews<V> {
  readonly #byQuery = new WeakMap<LiveQuery<unknown>, Map<string, V>>();

  /** The view under this key, made now if there is none that still holds. */
  of(live: LiveQuery<unknown>, key: string, make: () => V, holds: (view: V) => boolean = () => true): V {
    let views = this.#byQuery.get(live);
    if (views === undefined) {
      views = new Map();
      this.#byQuery.set(live, views);
    }
    const known = views.get(key);
    if (known !== undefined && holds(known)) return known;
    const made = make();
    views.set(key, made);
    return made;
  }
}
