import { MapHandle } from './MapHandle.js';
import type { WriteHandle } from './WriteHandle.js';

/** The writing half of a map with one value per key. Made by `client.getMapWriter(name)`. */
export type MapWriter<V> = Pick<LWWMapHandle<V>, 'name' | 'set' | 'remove'>;

/**
 * A map with one value per key; the newest write wins. Reads and writes are local and immediate, with or without a
 * server. Made by `client.getMap(name)`.
 */
export class LWWMapHandle<V> extends MapHandle<V> {
  /**
   * Sets a value, visible to every read and query at once. `ttlMs` hides it that many ms after the write.
   * Throws `VALUE_NOT_ADMITTED`, `KEY_INVALID` or `TTL_INVALID`, and changes nothing then.
   */
  set(key: string, value: V, ttlMs?: number): WriteHandle {
    return this.context.writes.follow(this.context.writable().put(this.name, key, value, ttlMs), this.name);
  }

  /** Removes a key, also one that only the server holds. */
  remove(key: string): WriteHandle {
    return this.context.writes.follow(this.context.writable().remove(this.name, key), this.name);
  }

  get(key: string): V | undefined {
    // The engine keeps what `set` of this map was given; the type is the app's promise about the map.
    return this.context.engine.get(this.name, key) as V | undefined;
  }

  has(key: string): boolean {
    return this.context.engine.has(this.name, key);
  }

  /** Live keys and values; the same array until the map changes. */
  override entries(): readonly (readonly [key: string, value: V])[] {
    return this.context.engine.entries(this.name) as readonly (readonly [string, V])[];
  }
}
