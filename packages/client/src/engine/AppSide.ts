import { LocalQueries } from './LocalQueries.js';
import type { Kind, Wants } from './ports.js';
import type { Realm } from './Realm.js';
import { mapToStore, type StoredMap } from './rows.js';
import { wrongKind } from './wireErrors.js';

/** What the app of this realm has open: maps, queries and topics; and which kinds the store says the maps have. */
export class AppSide {
  readonly queries: LocalQueries;
  readonly kinds = new Map<string, Kind>();
  /** Something was opened or closed since this was last set to false. */
  isChanged = true;
  readonly #realm: Realm;
  readonly #maps = new Map<string, Kind>();
  #isLoaded = false;

  constructor(realm: Realm) {
    this.#realm = realm;
    this.queries = new LocalQueries(realm.replica, realm.options.queryPorts);
  }

  /** Something was opened or closed. */
  changed(): void {
    this.isChanged = true;
    this.#realm.touch();
  }

  /** Throws `WRONG_KIND` if the map has another kind. */
  openMap(map: string, kind: Kind): void {
    this.#realm.replica.map(map, kind);
    this.storeKind(map);
    this.#maps.set(map, kind);
    this.changed();
  }

  closeMap(map: string): void {
    this.#maps.delete(map);
    this.changed();
  }

  wants(): Wants {
    const queries = [...this.queries.all()].map(({ name, map, spec }) => [name, map, spec] as const);
    return { maps: [...this.#maps], queries, topics: [...this.#realm.topics] };
  }

  /** The store was read: from now on it is told the kinds of new maps. Until then its word about kinds is not known. */
  loaded(): void {
    this.#isLoaded = true;
    for (const map of this.#realm.replica.maps.keys()) this.storeKind(map);
  }

  storeKind(map: string): void {
    const found = this.#realm.replica.maps.get(map);
    if (!found || !this.#isLoaded || this.kinds.get(map) === found.kind) return;
    this.kinds.set(map, found.kind);
    this.#realm.store.put(['map', map], mapToStore(found));
  }

  /** The store's word about a map. If this realm opened it as another kind, the store is right. */
  mapStored(map: string, { kind, hasResolver, isVolatile = false, incarnation }: StoredMap): void {
    const { replica } = this.#realm;
    this.kinds.set(map, kind);
    const found = replica.maps.get(map)?.kind;
    if (found && found !== kind) {
      replica.set(map, kind);
      this.#realm.fail(wrongKind(map, kind, found));
      this.closeMap(map);
    }
    if (hasResolver !== undefined) replica.map(map, kind).treated(hasResolver, isVolatile);
    if (incarnation !== undefined) replica.map(map, kind).incarnation = incarnation;
  }
}
