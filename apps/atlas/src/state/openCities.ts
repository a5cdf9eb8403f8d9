import type { TopGunClient } from '@topgun/client';
import { hybridSearch, search } from '@topgun/client/search';
import { miniSearchIndex } from '@topgun/search';
import { cityFilter } from './cityFilter.js';
import { CITIES_MAP, type City, type CityRow } from './model.js';
import { hasOwnOrder, type View } from './view.js';

/** Characters of a name that were found: from, to. */
export type Ranges = readonly (readonly [start: number, end: number])[];

/** The cities on the screen. */
export type Cities = {
  readonly rows: readonly CityRow[];
  readonly hasNext: boolean;
  /** Where the words looked for stand in the names, by key. */
  readonly found: ReadonlyMap<string, Ranges>;
  /** True until an empty result is a result. */
  readonly loading: boolean;
  /** How much of the index of words is made, 0 to 1. */
  readonly progress: number;
};

/** Something that shows cities and tells when it shows others: what `useSyncExternalStore` takes. */
export type CitySource = {
  readonly subscribe: (changed: () => void) => () => void;
  /** The same object until something in it changes. */
  readonly getSnapshot: () => Cities;
};

export const PAGE_ROWS = 50;

/** Most hits a search gives. */
const HITS_MAX = 1_000;

/** The texts that are searched, and how much they count. */
const index = { textIndex: miniSearchIndex, fields: { name: 2, alt: 1 } } as const;

/**
 * One page of what a view shows, kept up to date. Words are looked for as they are typed, the last of them by its beginning; the best
 * and the largest come first, unless the reader chose another order.
 */
export function openCities(client: TopGunClient, view: View, page: number): CitySource {
  return view.find.trim() === '' ? browse(client, view, page) : find(client, view, page);
}

/**
 * Has the index of words made while nobody searches yet, so that the first letter finds it; until the returned function is called.
 */
export function prepareSearch(client: TopGunClient): () => void {
  const nothing = search<City>(client, CITIES_MAP, { ...index, query: 'no such word', combine: 'all' });
  return nothing.onSnapshot(() => undefined);
}

function browse(client: TopGunClient, view: View, page: number): CitySource {
  // One more than the page holds tells whether there is another page.
  const query = client.query<City>(CITIES_MAP, { ...cityFilter(view), limit: (page + 1) * PAGE_ROWS + 1 });
  return {
    subscribe: (changed) => query.onSnapshot(changed),
    getSnapshot: keeping(
      () => query.getSnapshot(),
      ({ rows, isLoaded }) => ({ ...pageOf(rows, page), found: new Map(), loading: !isLoaded, progress: 1 }),
    ),
  };
}

function find(client: TopGunClient, view: View, page: number): CitySource {
  const handle = hybridSearch<City>(client, CITIES_MAP, {
    ...index,
    ...cityFilter(view),
    query: view.find,
    prefix: 'last',
    combine: 'all',
    limit: Math.min(HITS_MAX, (page + 1) * PAGE_ROWS + 1),
    // Whoever types "york" more often means the largest than the shortest name with it.
    weights: { text: hasOwnOrder(view) ? 0 : 1, sort: 2 },
  });
  return {
    subscribe: (changed) => handle.onSnapshot(changed),
    getSnapshot: keeping(
      () => handle.getSnapshot(),
      ({ hits, isLoaded, progress }) => ({
        ...pageOf(
          hits.map(({ key, value }) => rowOf(key, value)),
          page,
        ),
        found: new Map(hits.map(({ key, highlights }) => [key, highlights.find(isOfName)?.ranges ?? []])),
        loading: !isLoaded,
        progress,
      }),
    ),
  };
}

const isOfName = ({ path }: { readonly path: string }): boolean => path === 'name';

function pageOf(all: readonly CityRow[], page: number): Pick<Cities, 'rows' | 'hasNext'> {
  const end = (page + 1) * PAGE_ROWS;
  return { rows: all.slice(end - PAGE_ROWS, end), hasNext: all.length > end };
}

const rows = new WeakMap<City, CityRow>();

/** A city as a row, the same object as long as the city is. */
function rowOf(key: string, city: City): CityRow {
  const row = rows.get(city) ?? { ...city, _key: key };
  rows.set(city, row);
  return row;
}

/** What `make` makes of something, made again only when that is another one. */
function keeping<S, T>(read: () => S, make: (from: S) => T): () => T {
  let last: { readonly from: S; readonly made: T } | undefined;
  return () => {
    const from = read();
    if (last === undefined || last.from !== from) last = { from, made: make(from) };
    return last.made;
  };
}
