import type { TopGunError } from '@topgun/core';
import { LocalQueries, type QueryRequest } from './LocalQueries.js';
import type { Kind, Wants } from './ports.js';
import type { Replica } from './Replica.js';
import type { StoreWriter } from './StoreWriter.js';
import { wireError } from './wireErrors.js';

export interface AppSidePorts {
  failed(error: TopGunError): void;
  touch(): void;
}

/** What the app of this realm has open: maps, queries and topics; and which kinds the store says the maps have. */
export class AppSide {
  readonly queries: LocalQueries;
  readonly topics = new Set<string>();
  readonly kinds = new Map<string, Kind>();
  /** Something was opened or closed since this was last set to false. */
  isChanged = true;
  readonly #maps = new Map<string, Kind>();
  readonly #replica: Replica;
  readonly #store: StoreWriter;
  readonly #ports: AppSidePorts;
  #isLoaded = false;

  constructor(replica: Replica, store: StoreWriter, ports: AppSidePorts) {
    this.#replica = replica;
    this.#store = store;
    this.#ports = ports;
    this.queries = new LocalQueries(replica);
  }

  /** Throws `WRONG_KIND` if the map has another kind. */
  openMap(map: string, kind: Kind): void {
    this.#replica.map(map, kind);
    this.storeKind(map);
    this.#maps.set(map, kind);
    this.#changed();
  }

  closeMap(map: string): void {
    this.#maps.delete(map);
    this.#changed();
  }

  openQuery(id: string, map: string, request: QueryRequest): void {
    this.queries.open(id, map, request);
    this.#changed();
  }

  closeQuery(id: string): void {
    this.queries.close(id);
    this.#changed();
  }

  subscribe(topic: string, on: boolean): void {
    if (on) this.topics.add(topic);
    else this.topics.delete(topic);
    this.#changed();
  }

  wants(): Wants {
    const queries = [...this.queries.all()].map(([, { name, map, spec }]) => [name, map, spec] as const);
    return { maps: [...this.#maps], queries, topics: [...this.topics] };
  }

  /** The store was read: from now on it is told the kinds of new maps. Until then its word about kinds is not known. */
  loaded(): void {
    this.#isLoaded = true;
    for (const map of this.#replica.maps.keys()) this.storeKind(map);
  }

  storeKind(map: string): void {
    const kind = this.#replica.maps.get(map)?.kind;
    if (!kind || !this.#isLoaded || this.kinds.get(map) === kind) return;
    this.kinds.set(map, kind);
    this.#store.put(['map', map], { kind });
  }

  /** The store's word about a map. If this realm opened it as another kind, the store is right. */
  kindStored(map: string, kind: Kind): void {
    this.kinds.set(map, kind);
    const found = this.#replica.maps.get(map)?.kind;
    if (!found || found === kind) return;
    this.#replica.set(map, kind);
    this.#ports.failed(
      wireError('WRONG_KIND', `Map "${map}" was opened as ${found}, but holds ${kind} data.`),
    );
    this.closeMap(map);
  }

  #changed(): void {
    this.isChanged = true;
    this.#ports.touch();
  }
}
