import type { CommitFault } from '../CommitGate.js';
import type { CommitBatch, Offset } from '../Store.js';

/** Something that a store is asked. */
export type Question =
  | { readonly ask: 'record'; readonly map: string; readonly key: string; readonly tag?: string }
  | { readonly ask: 'scan'; readonly pid: number }
  | { readonly ask: 'changes'; readonly pid: number; readonly after: Offset; readonly limit: number }
  | { readonly ask: 'dedup'; readonly pid: number; readonly clientId: string; readonly session: string }
  | { readonly ask: 'dedupRows'; readonly pid: number };

/** A commit, or closing and opening again; and what is asked after it. */
export type Step =
  | {
      readonly do: 'commit';
      readonly batch: CommitBatch;
      readonly fault?: CommitFault;
      readonly asks: readonly Question[];
    }
  | { readonly do: 'reopen'; readonly asks: readonly Question[] };

/** What happens to a store in partitions that nobody else touches. */
export interface Script {
  readonly seed: number;
  readonly pids: readonly number[];
  /** all facts of the script begin with it */
  readonly factPrefix: string;
  readonly steps: readonly Step[];
  /** asked when all is done and the store is opened once more */
  readonly end: readonly Question[];
}
