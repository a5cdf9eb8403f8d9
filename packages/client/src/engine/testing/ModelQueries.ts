import { type PartitionedTree, partitionOf, type QuerySpec, runQuery } from '@topgun/core';
import type { ChangeRow, QueryRow, QuerySubMessage } from '@topgun/protocol';
import type { ModelConnection, ModelRow } from './ModelConnection.js';
import { type ModelMaps, rootsOf, treeOf } from './ModelSync.js';

/** Live queries of a model server: answered in rows, or by digest where the device holds some. */
export class ModelQueries {
  /** A result of no more rows than this is sent anew rather than compared. */
  smallRows = 0;
  readonly #maps: ModelMaps;
  readonly #epoch: () => number;

  constructor(maps: ModelMaps, epoch: () => number) {
    this.#maps = maps;
    this.#epoch = epoch;
  }

  subscribe(connection: ModelConnection, message: QuerySubMessage): void {
    const { query, map, root, type: _type, ...spec } = message;
    const shown = this.select(map, spec);
    connection.queries.set(query, { map, spec, shown, v: 0 });
    const answer = { type: 'QUERY_RESP', query, v: 0, last: true, part: 0 } as const;
    const own = treeOf(shown).rootHash();
    if (root !== undefined && (own === root || shown.size > this.smallRows)) {
      const parts = own === root ? {} : { parts: rootsOf(treeOf(shown)) };
      const said = { root: own, ...parts, ...this.#maps.policyOf(map) };
      return connection.deliver({ ...answer, nodes: [], rows: [], ...said });
    }
    const nodes: string[] = [];
    const rows = [...shown.values()].map((row): QueryRow => {
      return [partitionOf(row.key), this.#epoch(), this.#maps.wire(row, nodes)];
    });
    this.#maps.sent(rows.length);
    connection.deliver({ ...answer, nodes, rows, ...this.#maps.policyOf(map) });
  }

  /** What a walk over a query goes over. */
  treeOf(connection: ModelConnection, query: string): PartitionedTree {
    return treeOf(connection.queries.get(query)?.shown ?? new Map());
  }

  /** A map has changed. */
  update(connection: ModelConnection, map: string): void {
    for (const [query, state] of connection.queries) {
      if (state.map !== map) continue;
      const now = this.select(map, state.spec);
      const nodes: string[] = [];
      const changes: (readonly [0 | 1 | 2, number, number, ChangeRow])[] = [];
      const add = (kind: 0 | 1 | 2, row: ModelRow): void => {
        changes.push([kind, partitionOf(row.key), this.#epoch(), this.#maps.wire(row, nodes)]);
      };
      for (const [item, row] of now) {
        const before = state.shown.get(item);
        if (before?.n !== row.n) add(before ? 1 : 0, row);
      }
      for (const [item, row] of state.shown)
        if (!now.has(item)) add(2, this.#maps.rows(map).get(item) ?? row);
      state.shown = now;
      if (changes.length > 0)
        connection.deliver({ type: 'QUERY_UPDATE', query, v: ++state.v, nodes, changes });
    }
  }

  select(map: string, spec: QuerySpec): Map<string, ModelRow> {
    const rows = this.#maps.rows(map);
    const live = [...rows].filter(([, row]) => (row.form & 1) === 0);
    const found = runQuery(
      spec,
      live.map(([item, { value }]) => [item, value] as const),
    );
    return new Map(found.map(([item]) => [item, rows.get(item) as ModelRow]));
  }
}
