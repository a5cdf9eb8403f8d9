import type { BenchQuery, QueryRecord } from './workload.js';

/** One contestant. It holds the records in memory and has a listener on each query, as an app would. */
export interface QueryPeer {
  readonly name: string;
  open(
    records: readonly (readonly [key: string, record: QueryRecord])[],
    queries: readonly BenchQuery[],
  ): Promise<OpenStore>;
}

export interface OpenStore {
  /** Sets a record; resolves when the write is done. The listeners may be called a little later. */
  write(key: string, record: QueryRecord): void | Promise<void>;
  /** What the listener of a query was given last, as keys in order. */
  shown(query: number): readonly string[];
}
