import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EmbeddedStore, type EmbeddedStoreOptions } from '../EmbeddedStore.js';

const folders: string[] = [];
const stores: EmbeddedStore[] = [];

export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-embedded-'));
  folders.push(folder);
  return folder;
}

/** A store that is not open yet. */
export function newStore(folder: string, options: Partial<EmbeddedStoreOptions> = {}): EmbeddedStore {
  const store = new EmbeddedStore({ folder, ...options });
  stores.push(store);
  return store;
}

export async function openStore(
  folder: string,
  options?: Partial<EmbeddedStoreOptions>,
): Promise<EmbeddedStore> {
  const store = newStore(folder, options);
  await store.open();
  return store;
}

/** To be called after each test: closes what it opened, and removes its folders. */
export async function endStores(): Promise<void> {
  for (const store of stores.splice(0)) await store.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
}
