import {
  type Explanation,
  normalizeQuery,
  type QueryFilter,
  type QueryPorts,
  type QuerySpec,
} from '@topgun/core';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Gate } from '../Gate.js';
import { MapReader } from '../MapReader.js';
import type { QueriesParts } from '../Queries.js';
import type { RecordTable } from '../RecordTable.js';
import type { TokenBucket } from '../TokenBucket.js';
import type { MapIndexes } from './MapIndexes.js';

/** How a query is answered, or why that is not told. */
export type Inspected =
  | { readonly explanation: Explanation }
  | { readonly refused: 'DENIED' }
  | { readonly retryAfterMs: number };

/** Looks into how the queries of a node are answered; for operators (QRY-8). */
export class QueryInspector {
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #scans: TokenBucket;
  readonly #ports: QueryPorts | undefined;
  /** what maps hold, for export and for looking into a node */
  readonly maps: MapReader;

  constructor({ gate, table, scans, ports }: Pick<QueriesParts, 'gate' | 'table' | 'scans' | 'ports'>) {
    this.#gate = gate;
    this.#table = table;
    this.#scans = scans;
    this.#ports = ports;
    this.maps = new MapReader(gate, table, scans);
  }

  /** The query of a filter, as this node can answer it. Throws the codes of core's `normalizeQuery`. */
  specOf(filter: QueryFilter): QuerySpec {
    return normalizeQuery(filter, this.#ports);
  }

  /** The indexes of a map, and those that would have spared work. */
  indexes(map: string): ReturnType<MapIndexes['status']> {
    return this.#table.map(map)?.indexes.status() ?? { indexes: [], advice: [] };
  }

  /**
   * Runs a query of a principal who may read all of the map: what an explanation counts would tell others of rows that they
   * do not see. Throws the codes of core's `normalizeQuery`.
   */
  explain(principal: Principal, map: string, filter: QueryFilter, nowMs: number): Inspected {
    const { view } = this.#gate.rightsOf(principal, map);
    if (!view.isWhole) return { refused: 'DENIED' };
    const spec = this.specOf(filter);
    const retryAfterMs = this.#scans.waitMs(nowMs);
    if (retryAfterMs > 0) return { retryAfterMs };
    // A name that nobody wrote to is a map without rows.
    const held = this.#table.hold(map);
    const { explanation } = held.indexes.find(spec, view);
    this.#table.release(held);
    this.#scans.spend(explanation.examined);
    return { explanation };
  }
}
