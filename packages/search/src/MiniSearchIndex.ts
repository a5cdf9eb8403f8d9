import type {
  ExplainedMatch,
  TermScore,
  TextIndex,
  TextIndexFactory,
  TextMatch,
  TextQuery,
} from '@topgun/core';
import { BestDocuments, type Scored } from './BestDocuments.js';
import { type Clause, clausesOf, partsOf, SCORE_PARTS } from './Clause.js';
import { Postings } from './Postings.js';
import type { Term } from './Vocabulary.js';

const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * A full-text index on minisearch's radix tree, for `textIndex` of searches (rules SRCH-1 to SRCH-8; why not on all of minisearch:
 * decision 0028). It holds the words and texts of the records, not the records.
 *
 * A search costs the terms that its own are found as, and the documents they stand in.
 */
export const miniSearchIndex: TextIndexFactory = (paths) => new MiniSearchIndex(paths);

class MiniSearchIndex implements TextIndex {
  readonly #postings: Postings;
  /** By document, during a search: its score in parts, and the terms of the query it has, a bit each. Zero in between. */
  #scores = new Float64Array(0);
  #words = new Uint32Array(0);
  /** Number of the last search. */
  #search = 0;

  constructor(paths: readonly string[]) {
    this.#postings = new Postings(paths);
  }

  get paths(): readonly string[] {
    return this.#postings.paths;
  }

  get size(): number {
    return this.#postings.size;
  }

  get version(): number {
    return this.#postings.version;
  }

  put(key: string, value: unknown): void {
    this.#postings.put(key, value);
  }

  remove(key: string): void {
    this.#postings.remove(key);
  }

  clear(): void {
    this.#postings.clear();
  }

  search(query: TextQuery, accepts?: (key: string) => boolean): TextMatch[] {
    const clauses = clausesOf(this.#postings, query);
    return this.#find(query, clauses, accepts).map((scored) => this.#matchOf(scored));
  }

  explain(query: TextQuery, accepts?: (key: string) => boolean): ExplainedMatch[] {
    const clauses = clausesOf(this.#postings, query);
    return this.#find(query, clauses, accepts).map((scored) => {
      const match = this.#matchOf(scored);
      return { ...match, parts: clauses.flatMap((clause) => this.#earned(query, clause, scored, match)) };
    });
  }

  #find(
    query: TextQuery,
    clauses: readonly Clause[],
    accepts: ((key: string) => boolean) | undefined,
  ): readonly Scored[] {
    const touched = this.#addUp(clauses);
    const best = new BestDocuments(query.limit, (document) => this.#postings.keyOf(document), accepts);
    const leastParts = query.minScore * SCORE_PARTS;
    // A bit for each term.
    const all = query.combine === 'all' ? 2 ** query.terms.length - 1 : 0;
    for (const document of touched) {
      const parts = this.#scores[document] as number;
      const words = this.#words[document] as number;
      this.#scores[document] = 0;
      this.#words[document] = 0;
      if (parts < leastParts || (all > 0 && words !== all)) continue;
      best.offer(document, parts);
    }
    return best.all();
  }

  /** The documents that earn anything; how much stands in the arrays. */
  #addUp(clauses: readonly Clause[]): readonly number[] {
    const touched: number[] = [];
    this.#search++;
    this.#makeRoom();
    const [scores, words] = [this.#scores, this.#words];
    for (const clause of clauses) {
      const lengths = this.#postings.lengthsOf(clause.field);
      const bit = 1 << clause.word;
      const { terms, weights } = clause.found;
      for (let t = 0; t < terms.length; t++) {
        const term = terms[t] as Term;
        const weight = weights[t] as number;
        term.foundBy = this.#search;
        const occurrences = term.fields[clause.field];
        if (!occurrences) continue;
        const { documents, counts } = occurrences;
        for (let i = 0; i < documents.length; i++) {
          const document = documents[i] as number;
          const seen = words[document] as number;
          if (seen === 0) touched.push(document);
          words[document] = seen | bit;
          const parts = partsOf(clause, weight, counts[i] as number, lengths[document] as number);
          scores[document] = (scores[document] as number) + parts;
        }
      }
    }
    return touched;
  }

  #makeRoom(): void {
    const { numberBound } = this.#postings;
    if (this.#scores.length >= numberBound) return;
    this.#scores = new Float64Array(numberBound * 2);
    this.#words = new Uint32Array(numberBound * 2);
  }

  #matchOf({ document, key, parts }: Scored): TextMatch {
    const terms = this.#postings.termsOf(document).filter((term) => term.foundBy === this.#search);
    return { key, score: parts / SCORE_PARTS, terms: terms.map(({ text }) => text).sort(byCodeUnits) };
  }

  #earned(query: TextQuery, clause: Clause, { document }: Scored, { terms }: TextMatch): TermScore[] {
    const { word, field, found, boost, frequency, idf, averageLength } = clause;
    const length = this.#postings.lengthsOf(field)[document] as number;
    return terms.flatMap((text): TermScore[] => {
      const term = this.#postings.vocabulary.get(text);
      const weight = term && found.weights[found.terms.indexOf(term)];
      const tf = term?.fields[field]?.in(document);
      if (!weight || !tf) return [];
      return [
        {
          queryTerm: query.terms[word] as string,
          term: text,
          path: this.paths[field] as string,
          boost,
          weight,
          documents: frequency,
          idf,
          tf,
          length,
          averageLength,
          score: partsOf(clause, weight, tf, length) / SCORE_PARTS,
        },
      ];
    });
  }
}
