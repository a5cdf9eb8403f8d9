import { highlightsOf, type TextIndex, type TextIndexFactory, type TextMatch } from '@topgun/core';
import type { RealmEngine } from '../engine/RealmEngine.js';
import type { QuerySnapshot } from '../query/LiveQuery.js';
import type { QueryHandle } from '../query/QueryHandle.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { MapTexts } from './MapTexts.js';
import type { HitSource } from './SearchHandle.js';
import type { SearchHit, SearchSnapshot } from './SearchHit.js';
import type { TextSources } from './TextSources.js';

/** What a search may look at. */
export interface Searched {
  readonly read: (key: string) => unknown;
  /** Which keys play a part; undefined: all of them. */
  readonly plays: ((key: string) => boolean) | undefined;
}

/** Which keys a search accepts; undefined: all of them. */
export function acceptsOf(
  { read, plays }: Searched,
  matches: ((value: unknown) => boolean) | undefined,
): ((key: string) => boolean) | undefined {
  if (!matches) return plays;
  return plays ? (key) => plays(key) && matches(read(key)) : (key) => matches(read(key));
}

/** What is searched for, made ready. */
export interface TextSearch<T> {
  readonly map: string;
  readonly paths: readonly string[];
  readonly textIndex: TextIndexFactory;
  /** The hits in their order. */
  readonly rank: (index: TextIndex, searched: Searched) => readonly TextMatch[];
  /** Whether `rank` looks at values: then it may have changed with every record, not only with texts. */
  readonly readsValues: boolean;
  /** Brings the records to be searched of a map that is not open (SRCH-20). */
  readonly fetched: Fetched<T> | undefined;
}

/** Records of the server that hold the words of a search. */
export interface Fetched<T> {
  readonly rows: QueryHandle<T>;
  /** Whether the server, once it has answered, has named every record that the search can find. */
  readonly namesAll: (rows: number) => boolean;
}

/** The hits of one search over the records of this device. */
export class TextHits<T> implements HitSource<T> {
  readonly #search: TextSearch<T>;
  readonly #sources: TextSources;
  #source: MapTexts | undefined;
  #rows: QuerySnapshot<T> | undefined;
  #revision = -1;
  #version = -1;
  #found: readonly TextMatch[] = [];
  #snapshot: SearchSnapshot<T> = { hits: [], completeness: 'partial', isLoaded: false, progress: 0 };

  constructor(search: TextSearch<T>, sources: TextSources) {
    this.#search = search;
    this.#sources = sources;
  }

  read(): SearchSnapshot<T> {
    const { map, paths, textIndex, fetched } = this.#search;
    const source = this.#sources.of(map, paths, textIndex);
    const isWhole = source.engine.isWhole(map);
    const rows = isWhole ? undefined : fetched?.rows.getSnapshot();
    if (source !== this.#source || rows !== this.#rows || source.revision !== this.#revision)
      this.#run(source, rows);
    const { progress } = source;
    const isAll = isWhole || this.#isNamed(rows);
    this.#show({
      hits: this.#snapshot.hits,
      completeness: isAll && progress === 1 ? 'complete' : 'partial',
      isLoaded: isAll || source.engine.isLoaded,
      progress,
    });
    return this.#snapshot;
  }

  /** Whether the server has named every record that can be found. */
  #isNamed(rows: QuerySnapshot<T> | undefined): boolean {
    return rows?.completeness === 'complete' && this.#search.fetched?.namesAll(rows.rows.length) === true;
  }

  follow(callback: () => void): Unsubscribe {
    const { map, paths, textIndex, fetched } = this.#search;
    const ends = [this.#sources.follow(map, paths, textIndex, callback), fetched?.rows.onSnapshot(callback)];
    return () => {
      for (const end of ends) end?.();
    };
  }

  /** Records have changed: asks the index again unless no score and no filter can have. */
  #run(source: MapTexts, rows: QuerySnapshot<T> | undefined): void {
    const { rank, readsValues, map } = this.#search;
    const { index, engine } = source;
    const isSame = source === this.#source && rows === this.#rows;
    this.#source = source;
    this.#rows = rows;
    this.#revision = source.revision;
    if (!isSame || index.version !== this.#version || readsValues) {
      this.#version = index.version;
      this.#found = rank(index, { read: (key) => engine.get(map, key), plays: this.#playing(rows) });
    }
    const before = new Map(this.#snapshot.hits.map((hit) => [hit.key, hit]));
    const hits = this.#found.flatMap((match) => this.#hitOf(match, engine, before));
    if (!isSameList(this.#snapshot.hits, hits)) this.#snapshot = { ...this.#snapshot, hits };
  }

  /** What the server has named and own writes that wait; other records on the device are as old as what brought them (QRY-11). */
  #playing(rows: QuerySnapshot<T> | undefined): Searched['plays'] {
    if (!this.#isNamed(rows)) return undefined;
    const keys = new Set(rows?.rows.map(({ _key }) => _key));
    return (key) => keys.has(key);
  }

  #hitOf(
    { key, score, terms }: TextMatch,
    engine: RealmEngine,
    before: ReadonlyMap<string, SearchHit<T>>,
  ): SearchHit<T>[] {
    const { map, paths } = this.#search;
    const value = engine.get(map, key);
    // A record whose time is over, and of which nobody has told the index yet.
    if (value === undefined) return [];
    const old = before.get(key);
    const isSame = old?.value === value && isSameList(old.matchedTerms, terms);
    if (isSame && old.score === score) return [old];
    return [
      {
        key,
        // The type of its values is the app's promise about the map.
        value: value as T,
        score,
        matchedTerms: terms,
        highlights: isSame ? old.highlights : highlightsOf(value, paths, terms),
      },
    ];
  }

  #show(next: SearchSnapshot<T>): void {
    const { completeness, isLoaded, progress } = this.#snapshot;
    if (completeness !== next.completeness || isLoaded !== next.isLoaded || progress !== next.progress)
      this.#snapshot = next;
  }
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}
