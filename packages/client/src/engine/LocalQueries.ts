import { type CompiledQuery, compileQuery, type QueryPorts, type QuerySpec } from '@topgun/core';
import type { OrElement } from './ports.js';
import { queryName } from './QueryFeed.js';
import type { Replica } from './Replica.js';
import { itemOf } from './rows.js';

/** One row of a query: for OR maps one per (key, tag). */
export interface ResultRow {
  readonly key: string;
  readonly value: unknown;
  readonly tag?: string;
}

interface OpenQuery {
  readonly name: string;
  readonly map: string;
  readonly spec: QuerySpec;
  readonly compiled: CompiledQuery;
  /** What `rows` were made from: the entries of the map, or its version. */
  source: unknown;
  rows: readonly ResultRow[];
}

const NO_ROWS: readonly ResultRow[] = [];

/** The queries that this realm has open, answered from what the device holds. */
export class LocalQueries {
  readonly #byId = new Map<string, OpenQuery>();
  readonly #replica: Replica;
  readonly #ports: QueryPorts | undefined;

  constructor(replica: Replica, ports?: QueryPorts) {
    this.#replica = replica;
    this.#ports = ports;
  }

  all(): Iterable<
    readonly [id: string, query: { readonly name: string; readonly map: string; readonly spec: QuerySpec }]
  > {
    return this.#byId;
  }

  open(id: string, map: string, spec: QuerySpec): void {
    const name = queryName(map, spec);
    this.#byId.set(id, {
      name,
      map,
      spec,
      compiled: compileQuery(spec, this.#ports),
      source: undefined,
      rows: NO_ROWS,
    });
  }

  close(id: string): boolean {
    return this.#byId.delete(id);
  }

  get(id: string): { readonly name: string; readonly map: string } | undefined {
    return this.#byId.get(id);
  }

  /**
   * The rows now; the same array until one of them changes. `isByHolds`: the server has named the rows of this query, so
   * that others, which nobody keeps up to date here, play no part.
   */
  rows(id: string, isByHolds: boolean): readonly ResultRow[] {
    const query = this.#byId.get(id);
    const map = query && this.#replica.maps.get(query.map);
    if (!query || !map) return NO_ROWS;
    const entries = map.entries();
    const source = isByHolds ? map.version : entries;
    if (source === query.source) return query.rows;
    query.source = source;
    const { selects, compare, limit } = query.compiled;
    const rows = entries.flatMap(([key, value]): ResultRow[] =>
      map.kind === 'OR'
        ? (value as readonly OrElement[]).map((element) => ({ key, ...element }))
        : [{ key, value }],
    );
    const found = rows.filter(
      (row) => (!isByHolds || map.isHeldFor(query.name, row)) && selects(itemOf(row), row.value),
    );
    // By items, as on the server: under a limit both show the same rows.
    found.sort((a, b) => compare(itemOf(a), a.value, itemOf(b), b.value));
    const shown = limit < found.length ? found.slice(0, limit) : found;
    const isSame =
      shown.length === query.rows.length && shown.every((row, i) => isSameRow(row, query.rows[i]));
    if (!isSame) query.rows = shown;
    return query.rows;
  }
}

const isSameRow = (a: ResultRow, b: ResultRow | undefined): boolean =>
  a.key === b?.key && a.value === b.value && a.tag === b.tag;
