/** A question to a text index, as `normalizeTextQuery` makes it. */
export interface TextQuery {
  /** Distinct, in the order of the text; without any nothing is found. */
  readonly terms: readonly string[];
  /** By field of the index. */
  readonly boosts: readonly number[];
  /** Which terms are found as beginnings, too (SRCH-4). */
  readonly prefix: 'none' | 'last' | 'all';
  /** Most differences that are forgiven (SRCH-5). */
  readonly fuzzy: 0 | 1 | 2;
  readonly combine: 'any' | 'all';
  readonly minScore: number;
  readonly limit: number;
}

/** A document that was found. */
export interface TextMatch {
  readonly key: string;
  readonly score: number;
  /** Its terms that were found, in code unit order: what is to be highlighted. */
  readonly terms: readonly string[];
}

/** What one term of a document adds to its score: the parts of the formula of SRCH-6. */
export interface TermScore {
  /** The term of the query, and as what it was found. */
  readonly queryTerm: string;
  readonly term: string;
  readonly path: string;
  readonly boost: number;
  readonly weight: number;
  /** Documents that have the term in the field; of several terms that one term of the query is found as, of the most frequent. */
  readonly documents: number;
  readonly idf: number;
  readonly tf: number;
  readonly length: number;
  readonly averageLength: number;
  readonly score: number;
}

/** A match with what its score is made of. */
export interface ExplainedMatch extends TextMatch {
  readonly parts: readonly TermScore[];
}

/**
 * The port behind which a full-text index works, over the texts of records at fixed paths. Pure: the answers follow from the records
 * put in and from the query alone, whatever came and went before (SRCH-7).
 */
export interface TextIndex {
  readonly paths: readonly string[];
  /** How many documents it holds: records with a word in one of the fields. */
  readonly size: number;
  /** Another number whenever some search may give another answer. */
  readonly version: number;
  /** Takes in a record, in the place of the one of this key. */
  put(key: string, value: unknown): void;
  remove(key: string): void;
  clear(): void;
  /** The best matches in their order; `accepts` leaves out others and changes no score. */
  search(query: TextQuery, accepts?: (key: string) => boolean): TextMatch[];
  explain(query: TextQuery, accepts?: (key: string) => boolean): ExplainedMatch[];
}

/** Makes an empty index over the texts at these paths. */
export type TextIndexFactory = (paths: readonly string[]) => TextIndex;
