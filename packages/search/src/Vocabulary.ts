import SearchableMap from 'minisearch/SearchableMap';
import type { Occurrences } from './Occurrences.js';

/** A word of the index. */
export interface Term {
  readonly text: string;
  /** By field, where it stands; undefined for none. */
  readonly fields: (Occurrences | undefined)[];
}

/** Beginnings of up to so many code units are kept with their terms: of those the tree would have to walk half of itself. */
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
    const term: Term = { text, fields: [] };
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

  /** All terms that begin with a text, which may be one of them. */
  beginningWith(text: string): Iterable<Term> {
    return text.length > KEPT_BEGINNING
      ? this.#tree.atPrefix(text).values()
      : (this.#beginnings.get(text) ?? []);
  }

  /** All terms that differ by at most so many code units, with by how many. */
  similarTo(text: string, differences: number): Iterable<readonly [Term, number]> {
    return this.#tree.fuzzyGet(text, differences).values();
  }
}
