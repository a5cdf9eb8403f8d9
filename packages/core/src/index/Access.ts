import type { PredicateNode } from '../query/PredicateNode.js';
import type { HashIndex, LookupKind } from './HashIndex.js';
import type { Entry, OrderedIndex, Stretch } from './OrderedIndex.js';

/** An index that may be used, under its name. */
export type ReadyIndex =
  | { readonly name: string; readonly path: string; readonly hash: HashIndex }
  | { readonly name: string; readonly ordered: OrderedIndex };

/** Rows found by equal values, or by what they contain. */
export interface Lookup {
  readonly kind: 'lookup';
  readonly name: string;
  readonly path: string;
  readonly hash: HashIndex;
  readonly by: LookupKind;
  readonly operands: readonly unknown[];
}

/** A stretch, and the entry to go on behind. */
export interface Part {
  readonly stretch: Stretch;
  readonly after: Entry | undefined;
}

/** Stretches of an ordered index. */
export interface Ranges {
  readonly kind: 'ranges';
  readonly name: string;
  readonly ordered: OrderedIndex;
  /** The conjuncts that the stretches were found by. */
  readonly by: readonly PredicateNode[];
  readonly parts: readonly Part[];
  /** Which way each field behind the fixed ones goes, and last the key; undefined when the order is of no use. */
  readonly isDescending: readonly boolean[] | undefined;
}

/** A way to the rows that a predicate may hold for: a superset of those, each of them once. */
export type Access =
  | { readonly kind: 'scan' }
  | { readonly kind: 'nothing' }
  | Lookup
  | Ranges
  | { readonly kind: 'union'; readonly parts: readonly Access[] }
  | { readonly kind: 'intersection'; readonly parts: readonly Lookup[] };

/**
 * How the rows come into their order: as the index delivers them; merged from a few rows of each stretch; the best kept
 * in memory up to the limit; all sorted in memory.
 */
export type Sorting = 'index' | 'merge' | 'top' | 'memory';

/** An access, and what it costs. */
export interface Candidate {
  readonly access: Access;
  readonly sorting: Sorting;
  /** The conjuncts that it decides. */
  readonly decided: readonly PredicateNode[];
  /** Rows that it finds, at most. */
  readonly found: number;
  /** Rows that are read: what it finds, or fewer when it ends at the limit. */
  readonly reads: number;
  /** In units of a row that a scan reads and tests. */
  readonly cost: number;
}
