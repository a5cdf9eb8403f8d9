import { MapHandle } from './MapHandle.js';
import type { WriteHandle } from './WriteHandle.js';

/** One element of an OR map: the value and the tag its add got. */
export interface ORMapElement<V> {
  readonly tag: string;
  readonly value: V;
}

/**
 * A map with a set of values per key: concurrent adds all survive, and a remove takes only what its device had seen.
 * Reads and writes are local and immediate. Made by `client.getORMap(name)`.
 */
export class ORMapHandle<V> extends MapHandle<readonly V[]> {
  #source: unknown;
  #entries: readonly (readonly [string, readonly V[]])[] = [];

  /** Adds a value to a key. Throws `VALUE_NOT_ADMITTED`, `KEY_INVALID` or `TTL_INVALID`, and changes nothing then. */
  add(key: string, value: V, ttlMs?: number): WriteHandle {
    return this.context.writes.follow(this.context.writable().orAdd(this.name, key, value, ttlMs), this.name);
  }

  /** Removes every element of the key whose value equals this one in depth and which this device has seen. */
  remove(key: string, value: V): WriteHandle {
    return this.context.writes.follow(this.context.writable().orRemove(this.name, key, value), this.name);
  }

  /** The values of a key, in the order of their tags; empty when there are none. */
  get(key: string): readonly V[] {
    return this.getRecords(key).map((element) => element.value);
  }

  /** The same as `get`. */
  getValues(key: string): readonly V[] {
    return this.get(key);
  }

  getRecords(key: string): readonly ORMapElement<V>[] {
    return this.context.engine.orGet(this.name, key) as readonly ORMapElement<V>[];
  }

  has(key: string): boolean {
    return this.getRecords(key).length > 0;
  }

  /** Keys with their values; the same array until the map changes. */
  override entries(): readonly (readonly [key: string, values: readonly V[]])[] {
    const source = this.context.engine.entries(this.name) as readonly (readonly [
      string,
      readonly ORMapElement<V>[],
    ])[];
    if (source !== this.#source) {
      this.#source = source;
      this.#entries = source.map(
        ([key, elements]) => [key, elements.map((element) => element.value)] as const,
      );
    }
    return this.#entries;
  }
}
