import type { QueryFilter } from '@topgun/core';
import { valueFromJson } from '@topgun/protocol/valueJson';

/** A record or counter as it stood when it was read. */
export interface HttpRecord<T = unknown> {
  readonly key: string;
  /** of a counter its total */
  readonly value: T;
  /** for `base` of a write */
  readonly version: string;
  /** of a record that has an end */
  readonly ttlMs?: number;
}

/** An element of an OR map. */
export interface HttpElement<T = unknown> {
  /** by which it is removed */
  readonly tag: string;
  readonly value: T;
  readonly version: string;
}

/** A row of a query; of an OR map an element with its `tag`. */
export interface HttpRow<T = unknown> extends HttpRecord<T> {
  readonly tag?: string;
}

export interface HttpQuery<T = unknown> extends Omit<QueryFilter<T>, 'limit'> {
  /** rows of one page, 1…1,000. Default 100. */
  readonly limit?: number;
  /** `next` of the page before; it holds for 10 minutes */
  readonly after?: string;
}

export interface HttpPage<T = unknown> {
  readonly rows: readonly HttpRow<T>[];
  /** for `after` of the next page; undefined at the end */
  readonly next?: string;
}

/** One write of a batch. Values are those that records may hold, dates, bigints and bytes among them. */
export type HttpOp =
  | {
      readonly op: 'set';
      readonly map: string;
      readonly key: string;
      readonly value: unknown;
      /** after which the record is gone, ms */
      readonly ttlMs?: number;
      /** the version it was made on: for maps with a resolver that asks for it */
      readonly base?: string;
    }
  | { readonly op: 'remove'; readonly map: string; readonly key: string; readonly base?: string }
  /** of an OR map: the elements with these tags */
  | { readonly op: 'remove'; readonly map: string; readonly key: string; readonly tags: readonly string[] }
  /** to an OR map */
  | {
      readonly op: 'add';
      readonly map: string;
      readonly key: string;
      readonly value: unknown;
      readonly ttlMs?: number;
    }
  /** of a counter, by a whole number other than 0 */
  | { readonly op: 'increment'; readonly map: string; readonly key: string; readonly by: number };

/** A write that was made. */
export interface HttpWritten {
  /** applied; superseded: something else stands; changed: the server made something else of it */
  readonly outcome: 'applied' | 'superseded' | 'changed';
  /** the same request had come before, and its effect was there */
  readonly repeated?: true;
  /** of what was written, the first time that is told */
  readonly version?: string;
  /** of an element that was added */
  readonly tag?: string;
  /** of the elements that a transaction added, by the places of their writes; null for all others */
  readonly tags?: readonly (string | null)[];
  /** what stands instead of what was written, null for nothing; of a counter always its total */
  readonly record?: HttpRow | null;
}

/** A write that was refused. */
export interface HttpRejected {
  readonly outcome: 'rejected';
  readonly code: string;
  readonly remedy: string;
  /** what the resolver of the map, or an interceptor, says */
  readonly reason?: string;
  /** it may succeed later, under the same key */
  readonly retryAfterMs?: number;
}

export interface HttpWriteOptions {
  /**
   * 1…128 visible ASCII characters that name this request: sent again within a day it has its effect once. Drawn for each call by default, so
   * that what the client itself sends again does no harm.
   */
  readonly idempotencyKey?: string;
  /** When it is answered: `PERSISTED`, the default, when it is durable. */
  readonly concern?: 'MEMORY' | 'APPLIED' | 'REPLICATED' | 'PERSISTED';
}

/** `value` as it was written: dates, bigints and bytes are marked in JSON. */
export function readValue<T extends { readonly value: unknown }>(row: T): T {
  return { ...row, value: valueFromJson(row.value) };
}

export function readResult<T extends HttpWritten | HttpRejected>(result: T): T {
  if (result.outcome === 'rejected' || result.record == null) return result;
  return { ...result, record: readValue(result.record) };
}
