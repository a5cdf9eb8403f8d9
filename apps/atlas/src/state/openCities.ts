import type { TopGunClient } from '@topgun/client';
import { pages } from '@topgun/client/pages';
import { hybridSearch, search } from '@topgun/client/search';
import { miniSearchIndex } from '@topgun/search';
import { cityFilter } from './cityFilter.js';
import { declareOrder } from './indexes.js';
import { CITIES_MAP, type City, type CityRow } from './model.js';
import { hasOwnOrder, type View } from './view.js';

/** Characters of a name that were found: from, to. */
export type Ranges = readonly (readonly [start: number, end: number])[];

/** The cities on the screen. */
export type Cities = {
  readonly rows: readonly CityRow[];
  /** The number of the page, from 0. */
  readonly page: number;
  readonly hasNext: boolean;
  readonly hasPrevious: boolean;
  /** Where the words looked for stand in the names, by key. */
  readonly found: ReadonlyMap<string, Ranges>;
  /** True until an empty result is a result. */
  readonly loading: boolean;
  /** How much of the index of words is made, 0 to 1. */
  readonly progress: number;
};

/** Something that shows cities and tells when it shows others: what `useSyncExternalStore` takes, and a way to turn the pages. */
export type CitySource = {
  readonly subscribe: (changed: () => void) => () => void;
  /** The same object until something in it changes. */
  readonly getSnapshot: () => Cities;
  /** Goes to the next page (1) or the previous one (-1), where there is one. */
  readonly turn: (by: 1 | -1) => void;
};

export const PAGE_ROWS = 50;

/** Most hits a search gives. */
const HITS_MAX = 1_000;

/** The texts that are searched, and how much they count. */
const index = { textIndex: miniSearchIndex, fields: { name: 2, alt: 1 } } as const;

/**
 * What a view shows, page by page, kept up to date. Words are looked for as they are typed, the last of them by its beginning; the best
 * and the largest come first, unless the reader chose another order.
 */
export function openCities(client: TopGunClient, view: View): CitySource {
  return view.find.trim() === '' ? browse(client, view) : find(client, view);
}

/**
 * Has the index of words made while nobody searches yet, so that the first letter finds it; until the returned function is called.
 */
export function prepareSearch(client: TopGunClient): () => void {
  const nothing = search<City>(client, CITIES_MAP, { ...index, query: 'no such word', combine: 'all' });
  return nothing.onSnapshot(() => undefined);
}

function browse(client: TopGunClient, view: View): CitySource {
  declareOrder(client, view.sort);
  const handle = pages<City>(client, CITIES_MAP, { ...cityFilter(view), pageSize: PAGE_ROWS });
  // The page itself knows behind which row it begins, not how many pages came before it.
  let page = 0;
  return {
    subscribe: (changed) => handle.onSnapshot(changed),
    getSnapshot: keeping(
      () => handle.getSnapshot(),
      ({ rows, hasMore, hasPrevious, isLoaded }) => {
        page = hasPrevious ? page : 0;
        return { rows, page, hasNext: hasMore, hasPrevious, found: NONE, loading: !isLoaded, progress: 1 };
      },
    ),
    turn: (by) => {
      // Before the turn is made: listeners are called during it.
      page += by;
      if (!(by > 0 ? handle.next() : handle.previous())) page -= by;
    },
  };
}

function find(client: TopGunClient, view: View): CitySource {
  let page = 0;
  const options = () => ({
    ...index,
    ...cityFilter(view),
    query: view.find,
    prefix: 'last' as const,
    combine: 'all' as const,
    // One more than the page holds tells whether there is another page.
    limit: Math.min(HITS_MAX, (page + 1) * PAGE_ROWS + 1),
    // Whoever types "york" more often means the largest than the shortest name with it: size counts more, and the first places most.
    weights: { text: hasOwnOrder(view) ? 0 : 1, sort: 3 },
    k: 5,
  });
  const handle = hybridSearch<City>(client, CITIES_MAP, options());
  return {
    subscribe: (changed) => handle.onSnapshot(changed),
    getSnapshot: keeping(
      () => handle.getSnapshot(),
      ({ hits, isLoaded, progress }) => {
        const end = (page + 1) * PAGE_ROWS;
        const shown = hits.slice(end - PAGE_ROWS, end);
        return {
          rows: shown.map(({ key, value }) => rowOf(key, value)),
          page,
          hasNext: hits.length > end,
          hasPrevious: page > 0,
          found: new Map(shown.map(({ key, highlights }) => [key, highlights.find(isOfName)?.ranges ?? []])),
          loading: !isLoaded,
          progress,
        };
      },
    ),
    turn: (by) => {
      page = Math.max(0, page + by);
      handle.setOptions(options());
    },
  };
}

const NONE: ReadonlyMap<string, Ranges> = new Map();

const isOfName = ({ path }: { readonly path: string }): boolean => path === 'name';

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
