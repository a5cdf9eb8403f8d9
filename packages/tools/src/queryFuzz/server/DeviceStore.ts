import type { StoreKey, StoreTx } from '@topgun/client/engine';

type Entry = readonly [StoreKey, unknown];

/** What a device has stored, in memory. It never fails. */
export class DeviceStore {
  commits = 0;
  readonly #entries = new Map<string, Entry>();

  /** Takes a transaction; its number. */
  commit({ puts, deletes }: StoreTx): number {
    for (const [key, value] of puts) this.#entries.set(JSON.stringify(key), structuredClone([key, value]));
    for (const key of deletes) this.#entries.delete(JSON.stringify(key));
    return ++this.commits;
  }

  /** The entries whose keys begin like this, in order of their keys. */
  read(prefix: StoreKey): Entry[] {
    const found = [...this.#entries.values()].filter(([key]) => prefix.every((part, at) => key[at] === part));
    return structuredClone(found.sort(([a], [b]) => compareKeys(a, b)));
  }
}

function compareKeys(a: StoreKey, b: StoreKey): number {
  const at = a.findIndex((part, place) => part !== b[place]);
  if (at < 0) return a.length - b.length;
  return at >= b.length || (a[at] as string) > (b[at] as string) ? 1 : -1;
}
