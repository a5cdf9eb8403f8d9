import { queryToJson, valueToJson } from '@topgun/protocol/valueJson';
import { drawKey, HttpCaller, type TopGunHttpOptions } from './HttpCaller.js';
import type { HttpHistory, HttpPosition, HttpPublished, HttpPublishOptions } from './messages.js';
import {
  type HttpElement,
  type HttpOp,
  type HttpPage,
  type HttpQuery,
  type HttpRecord,
  type HttpRejected,
  type HttpRow,
  type HttpWriteOptions,
  type HttpWritten,
  readResult,
  readValue,
} from './records.js';
import { TopGunHttpError } from './TopGunHttpError.js';

type SetOptions = HttpWriteOptions & { readonly ttlMs?: number; readonly base?: string };

/** A record, counter or the elements under one key, as the server answers it. */
type Found = HttpRecord & { readonly elements?: readonly HttpElement[] };

/**
 * The server over HTTP, for back ends that read, write and publish without a connection of their own.
 *
 * ```ts
 * const topgun = new TopGunHttp({ url: 'https://data.example.org', token });
 * await topgun.set('orders', '17', { state: 'paid' });
 * const { rows } = await topgun.query('orders', { where: { state: 'paid' }, sort: { at: 'desc' } });
 * await topgun.publish('room/1', { text: 'hello' }, { name: 'said' });
 * ```
 *
 * Writes are answered when they are durable. A read, and a write under its key, is sent again up to `retries` times where there was no answer, or
 * one that says to come again: its effect is had once. Every call throws `TopGunHttpError`; `retriable` says whether the same request may
 * succeed later. What a token may read and write is what its owner may on any other way.
 */
export class TopGunHttp {
  readonly #caller: HttpCaller;

  constructor(options: TopGunHttpOptions) {
    this.#caller = new HttpCaller(options);
  }

  /** The record or counter of a key; undefined where there is none, or none that may be seen. Throws DENIED for a map that may not be read. */
  async get<T = unknown>(map: string, key: string): Promise<HttpRecord<T> | undefined> {
    const found = await this.#find(map, key);
    // Whoever reads says what the map holds.
    return found?.elements === undefined ? found && (readValue(found) as HttpRecord<T>) : undefined;
  }

  /** The elements under a key of an OR map. */
  async elements<T = unknown>(map: string, key: string): Promise<readonly HttpElement<T>[]> {
    const { elements = [] } = (await this.#find(map, key)) ?? {};
    return elements.map((element) => readValue(element) as HttpElement<T>);
  }

  /** A page of the rows that match, in the order of the query. Throws the codes of queries and cursors, and DENIED. */
  async query<T = unknown>(map: string, query: HttpQuery<NoInfer<T>> = {}): Promise<HttpPage<T>> {
    const { rows, ...page } = await this.#caller.call<HttpPage>({
      method: 'POST',
      path: '/api/query',
      body: { map, ...query, where: queryToJson(query.where), predicate: queryToJson(query.predicate) },
      mayComeAgain: true,
    });
    return { ...page, rows: rows.map((row) => readValue(row) as HttpRow<T>) };
  }

  /** Sets a record. Throws the code of what refused it. */
  set(map: string, key: string, value: unknown, options: SetOptions = {}): Promise<HttpWritten> {
    const { ttlMs, base } = options;
    return this.#single('PUT', pathOf(map, key), options, { value: valueToJson(value), ttlMs, base });
  }

  /** Removes a record, also one that there is not. Throws the code of what refused it. */
  remove(
    map: string,
    key: string,
    options: HttpWriteOptions & { readonly base?: string } = {},
  ): Promise<HttpWritten> {
    const { base } = options;
    return this.#single('DELETE', pathOf(map, key), options, undefined, base === undefined ? {} : { base });
  }

  /** Adds an element to an OR map; `tag` of the answer removes it. Throws the code of what refused it. */
  async add(
    map: string,
    key: string,
    value: unknown,
    { ttlMs, ...options }: HttpWriteOptions & { readonly ttlMs?: number } = {},
  ): Promise<HttpWritten & { readonly tag: string }> {
    const op: HttpOp = { op: 'add', map, key, value, ...(ttlMs !== undefined && { ttlMs }) };
    // The answer to an add has one.
    return (await this.#only(op, options)) as HttpWritten & { readonly tag: string };
  }

  /** Removes the elements of an OR map that have these tags. Throws the code of what refused it. */
  removeElements(
    map: string,
    key: string,
    tags: readonly string[],
    options: HttpWriteOptions = {},
  ): Promise<HttpWritten> {
    return this.#only({ op: 'remove', map, key, tags }, options);
  }

  /** Adds a whole number other than 0 to a counter; resolves with its total, undefined for who may not read it. */
  async increment(
    map: string,
    key: string,
    by = 1,
    options: HttpWriteOptions = {},
  ): Promise<number | undefined> {
    const { record } = await this.#only({ op: 'increment', map, key, by }, options);
    // A counter is seen as its total.
    return record?.value as number | undefined;
  }

  /** Up to 500 writes in one request, each for itself and in their order; resolves with what became of each. Throws where the whole request was refused. */
  async write(
    ops: readonly HttpOp[],
    options: HttpWriteOptions = {},
  ): Promise<readonly (HttpWritten | HttpRejected)[]> {
    const { results } = await this.#post<{ readonly results: readonly (HttpWritten | HttpRejected)[] }>(
      { ops: ops.map(opJson) },
      options,
    );
    return results.map(readResult);
  }

  /** Up to 200 writes, all of them or none; their keys have a `{tag}` in common. Throws the code of what refused them. */
  async transact(ops: readonly HttpOp[], options: HttpWriteOptions = {}): Promise<HttpWritten> {
    const body = { ops: ops.map(opJson), atomic: true };
    return readResult(await this.#post<HttpWritten>(body, options));
  }

  /**
   * Resolves when the message is accepted: sent, or in the log as durable as its namespace says. `data`: whatever JSON holds, at most 64 KiB. With
   * an `id` it is sent again like a write.
   */
  publish(topic: string, data: unknown, options: HttpPublishOptions = {}): Promise<HttpPublished> {
    return this.#caller.call<HttpPublished>({
      method: 'POST',
      path: topicPath(topic),
      body: { ...options, data },
      mayComeAgain: options.id !== undefined,
    });
  }

  /** What is kept after a position, at most `limit` (1…1,000, default 100), or the last so many without one. 404 for topics that keep nothing. */
  history(
    topic: string,
    { after, limit = 100 }: { readonly after?: HttpPosition; readonly limit?: number } = {},
  ): Promise<HttpHistory> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (after !== undefined) query.set('after', `${after.epoch}:${after.offset}`);
    const path = `${topicPath(topic)}?${query}`;
    return this.#caller.call<HttpHistory>({ method: 'GET', path, mayComeAgain: true });
  }

  async #find(map: string, key: string): Promise<Found | undefined> {
    try {
      const path = pathOf(map, key);
      return await this.#caller.call<Found>({ method: 'GET', path, mayComeAgain: true });
    } catch (error) {
      if (error instanceof TopGunHttpError && error.code === 'NOT_FOUND') return undefined;
      throw error;
    }
  }

  #only({ map, key, ...op }: HttpOp, options: HttpWriteOptions): Promise<HttpWritten> {
    return this.#single('POST', pathOf(map, key), options, opJson(op));
  }

  async #single(
    method: 'PUT' | 'POST' | 'DELETE',
    path: string,
    { idempotencyKey = drawKey(), concern }: HttpWriteOptions,
    body?: unknown,
    query: Readonly<Record<string, string>> = {},
  ): Promise<HttpWritten> {
    const asked = new URLSearchParams({ ...query, ...(concern && { concern }) });
    const full = asked.size === 0 ? path : `${path}?${asked}`;
    const call = { method, path: full, idempotencyKey, mayComeAgain: true };
    return readResult(await this.#caller.call<HttpWritten>(body === undefined ? call : { ...call, body }));
  }

  #post<T>(body: unknown, { idempotencyKey = drawKey(), concern }: HttpWriteOptions): Promise<T> {
    const path = concern === undefined ? '/api/records' : `/api/records?concern=${concern}`;
    return this.#caller.call<T>({ method: 'POST', path, body, idempotencyKey, mayComeAgain: true });
  }
}

/** Map and key are one part each. */
const pathOf = (map: string, key: string): string =>
  `/api/records/${encodeURIComponent(map)}/${encodeURIComponent(key)}`;

/** A topic may hold slashes, which stay. */
const topicPath = (topic: string): string =>
  `/api/topics/${topic.split('/').map(encodeURIComponent).join('/')}`;

const opJson = (op: object): unknown => ('value' in op ? { ...op, value: valueToJson(op.value) } : op);
