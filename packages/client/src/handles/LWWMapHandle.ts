import type { Unsubscribe } from '../utils/Listeners.js';
import type { ChangedKeys, HandleContext } from './HandleContext.js';
import type { WriteHandle } from './WriteHandle.js';

/**
 * A map with one value per key; the newest write wins. Reads and writes are local and immediate, with or without a
 * server. Made by `client.getMap(name)`.
 */
export class LWWMapHandle<V> {
  readonly name: string;
  readonly #context: HandleContext;

  constructor(name: string, context: HandleContext) {
    this.name = name;
    this.#context = context;
  }

  /**
   * Sets a value, visible to every read and query at once. `ttlMs` hides it that many ms after the write.
   * Throws `VALUE_NOT_ADMITTED`, `KEY_INVALID` or `TTL_INVALID`, and changes nothing then.
   */
  set(key: string, value: V, ttlMs?: number): WriteHandle {
    return this.#context.writes.follow(this.#context.writable().put(this.name, key, value, ttlMs));
  }

  /** Removes a key, also one that only the server holds. */
  remove(key: string): WriteHandle {
    return this.#context.writes.follow(this.#context.writable().remove(this.name, key));
  }

  get(key: string): V | undefined {
    // The engine keeps what `set` of this map was given; the type is the app's promise about the map.
    return this.#context.engine.get(this.name, key) as V | undefined;
  }

  has(key: string): boolean {
    return this.#context.engine.has(this.name, key);
  }

  /** Live keys and values; the same array until the map changes. */
  entries(): readonly (readonly [key: string, value: V])[] {
    return this.#context.engine.entries(this.name) as readonly (readonly [string, V])[];
  }

  keys(): readonly string[] {
    return this.entries().map(([key]) => key);
  }

  get size(): number {
    return this.entries().length;
  }

  /** Calls back with the changed keys, once per tick in which something visible changed, whoever changed it. */
  subscribe(callback: (keys: ChangedKeys) => void): Unsubscribe {
    return this.#context.mapListeners(this.name).add(callback);
  }

  /** The same as `subscribe`. */
  onChange(callback: (keys: ChangedKeys) => void): Unsubscribe {
    return this.subscribe(callback);
  }

  /** Whether the server's state of this map is complete on this device. */
  get isSynced(): boolean {
    return this.#context.engine.isSynced(this.name);
  }
}
