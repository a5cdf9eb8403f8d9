import type { MapWriter, TopGunClient, WriteHandle } from '@topgun/client';
import { parsePath, readPath } from '@topgun/core';

/** Where the records of a file go, and how. */
export interface RecordTarget {
  /** Once, when there is a connection. */
  begin(client: TopGunClient): void;
  /** What has to be there before a record can be written; undefined when all is. */
  ready(value: unknown): Promise<void> | undefined;
  /** Writes one. undefined: it is there already, or has had its time. A text: it is no record, and why. Throws what writes throw. */
  write(value: unknown): WriteHandle | string | undefined;
}

/** Records with a key among their fields, to one map. */
export class MapTarget implements RecordTarget {
  readonly #map: string;
  readonly #key: string;
  readonly #path: readonly string[];
  #writer: MapWriter<unknown> | undefined;

  constructor(map: string, key: string) {
    this.#map = map;
    this.#key = key;
    this.#path = parsePath(key);
  }

  begin(client: TopGunClient): void {
    this.#writer = client.getMapWriter(this.#map);
  }

  ready(): undefined {
    return undefined;
  }

  write(value: unknown): WriteHandle | string | undefined {
    const key = this.#keyOf(value);
    return key === undefined ? this.#noKey(value) : this.#writer?.set(key, this.#recordOf(value));
  }

  /** Under this name a key is no part of its record: so export as CSV writes it, and `topgun query --json`. */
  #recordOf(value: unknown): unknown {
    if (this.#key !== '_key') return value;
    const { _key, ...record } = value as Readonly<Record<string, unknown>>;
    return record;
  }

  #keyOf(value: unknown): string | undefined {
    const key = readPath(value, this.#path);
    if (typeof key === 'string' && key !== '') return key;
    return typeof key === 'number' && Number.isSafeInteger(key) ? String(key) : undefined;
  }

  #noKey(value: unknown): string {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'no object';
    return `no text or whole number at "${this.#key}" to be the key`;
  }
}
