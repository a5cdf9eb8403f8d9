import { highlightsOf, type TextIndex, type TextIndexFactory, type TextMatch } from '@topgun/core';
import type { Unsubscribe } from '../utils/Listeners.js';
import type { MapTexts } from './MapTexts.js';
import type { HitSource } from './SearchHandle.js';
import type { SearchHit, SearchSnapshot } from './SearchHit.js';
import type { TextSources } from './TextSources.js';

/** What is searched for, made ready. */
export interface TextSearch {
  readonly map: string;
  readonly paths: readonly string[];
  readonly textIndex: TextIndexFactory;
  /** The hits in their order. */
  readonly rank: (index: TextIndex, read: (key: string) => unknown) => readonly TextMatch[];
  /** Whether `rank` looks at values: then it may have changed with every record, not only with texts. */
  readonly readsValues: boolean;
}

/** The hits of one search over the records of this device. */
export class TextHits<T> implements HitSource<T> {
  readonly #search: TextSearch;
  readonly #sources: TextSources;
  #source: MapTexts | undefined;
  #revision = -1;
  #version = -1;
  #found: readonly TextMatch[] = [];
  #snapshot: SearchSnapshot<T> = { hits: [], completeness: 'partial', isLoaded: false, progress: 0 };

  constructor(search: TextSearch, sources: TextSources) {
    this.#search = search;
    this.#sources = sources;
  }

  read(): SearchSnapshot<T> {
    const { map, paths, textIndex } = this.#search;
    const source = this.#sources.of(map, paths, textIndex);
    if (source !== this.#source || source.revision !== this.#revision) this.#run(source);
    const { hits } = this.#snapshot;
    const isWhole = source.engine.isWhole(map);
    const isLoaded = isWhole || source.engine.isLoaded;
    const { progress } = source;
    this.#show({
      hits,
      completeness: isWhole && isLoaded && progress === 1 ? 'complete' : 'partial',
      isLoaded,
      progress,
    });
    return this.#snapshot;
  }

  follow(callback: () => void): Unsubscribe {
    const { map, paths, textIndex } = this.#search;
    return this.#sources.follow(map, paths, textIndex, callback);
  }

  /** Records have changed: asks the index again unless no score and no filter can have. */
  #run(source: MapTexts): void {
    const { rank, readsValues, map } = this.#search;
    const { index, engine } = source;
    const isSameSource = source === this.#source;
    this.#source = source;
    this.#revision = source.revision;
    if (!isSameSource || index.version !== this.#version || readsValues) {
      this.#version = index.version;
      this.#found = rank(index, (key) => engine.get(map, key));
    }
    const before = new Map(this.#snapshot.hits.map((hit) => [hit.key, hit]));
    const hits = this.#found.flatMap((match) => this.#hitOf(match, engine.get(map, match.key), before));
    if (!isSameList(this.#snapshot.hits, hits)) this.#snapshot = { ...this.#snapshot, hits };
  }

  #hitOf(
    { key, score, terms }: TextMatch,
    value: unknown,
    before: ReadonlyMap<string, SearchHit<T>>,
  ): SearchHit<T>[] {
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
        highlights: isSame ? old.highlights : highlightsOf(value, this.#search.paths, terms),
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
