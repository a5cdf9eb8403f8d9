import SearchableMap from 'minisearch/SearchableMap';
import type { Occurrences } from './Occurrences.js';

/** A word of the index. */
export class Term {
  readonly text: string;
  /** By field, where it stands; undefined for none. */
  readonly fields: (Occurrences | undefined)[] = [];
  /** Number of the last search that found it. */
  foundBy = 0;

  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Terms are kept by their first code unit and by their first two. To pick those with a longer beginning out of the latter takes less than to
 * walk the tree to them.
 */
const KEPT_BEGINNING = 2;

/** The terms of an index, found as they are, by their beginning, or by what differs. The tree is minisearch's (decision 0028). */
export class Vocabulary {
  #terms = new Map<string, Term>();
  #tree = new SearchableMap<Term>();
  #beginnings = new Map<string, Set<Term>>();

  get(text: string): Term | undefined {
    return this.#terms.get(text);
  }

  /** The term of this text, made if there is none. */
  of(text: string): Term {
    const found = this.#terms.get(text);
    if (found) return found;
    const term = new Term(text);
    this.#terms.set(text, term);
    this.#tree.set(text, term);
    for (let length = 1; length <= Math.min(KEPT_BEGINNING, text.length); length++) {
      const beginning = text.slice(0, length);
      const terms = this.#beginnings.get(beginning);
      if (terms) terms.add(term);
      else this.#beginnings.set(beginning, new Set([term]));
    }
    return term;
  }

  delete(term: Term): void {
    const { text } = term;
    this.#terms.delete(text);
    this.#tree.delete(text);
    for (let length = 1; length <= Math.min(KEPT_BEGINNING, text.length); length++) {
      const beginning = text.slice(0, length);
      const terms = this.#beginnings.get(beginning);
      terms?.delete(term);
      if (terms?.size === 0) this.#beginnings.delete(beginning);
    }
  }

  clear(): void {
    this.#terms = new Map();
    this.#tree = new SearchableMap();
    this.#beginnings = new Map();
  }

  /** Calls back with all terms that begin with a text, which may be one of them. */
  beginningWith(text: string, each: (term: Term) => void): void {
    const terms = this.#beginnings.get(text.slice(0, KEPT_BEGINNING));
    for (const term of terms ?? [])
      if (text.length <= KEPT_BEGINNING || term.text.startsWith(text)) each(term);
  }

  /** All terms that differ by at most so many code units, with by how many. */
  similarTo(text: string, differences: number): Iterable<readonly [Term, number]> {
    return this.#tree.fuzzyGet(text, differences).values();
  }
}
