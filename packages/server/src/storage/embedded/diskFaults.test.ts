import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TopGunError } from '@topgun/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { commitOf, storedRecord } from '../describeServerStorage.js';
import { isDiskFull } from './diskFaults.js';
import { EmbeddedStore } from './EmbeddedStore.js';
import { StoreFiles } from './StoreFiles.js';
import { lmdbFault } from './testing/lmdbFault.js';

describe('disk faults', () => {
  let folder: string;
  let store: EmbeddedStore;
  const stopped: TopGunError[] = [];

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'topgun-faults-'));
    stopped.length = 0;
    store = new EmbeddedStore({ folder, onStopped: (error) => stopped.push(error) });
    await store.open();
  });
  afterEach(async () => {
    await store.close();
    await rm(folder, { recursive: true });
  });

  it('[STO-24] lack of room is told from every other fault', async () => {
    for (const code of [28, 122, 27]) expect(await isDiskFull(folder, lmdbFault(code))).toBe(true);
    for (const code of [5, -30796, -30795]) expect(await isDiskFull(folder, lmdbFault(code))).toBe(false);
    expect(await isDiskFull(folder, Object.assign(new Error('x'), { code: 'ENOSPC' }))).toBe(true);
    expect(await isDiskFull(folder, 'x')).toBe(false);
  });

  it('[STO-24] without room a commit fails and the next one goes through', async () => {
    vi.spyOn(StoreFiles.prototype, 'append').mockRejectedValueOnce(lmdbFault(28));
    expect(await store.commit(commitOf([storedRecord({ key: 'k' })]))).toBe('failed');
    expect(await store.read('m', 'k')).toBeUndefined();
    expect(await store.commit(commitOf([storedRecord({ key: 'l' })]))).toBe('committed');
    expect(stopped).toEqual([]);
  });

  it('[STO-24] after any other fault the result is unknown, and the store has stopped for good', async () => {
    vi.spyOn(StoreFiles.prototype, 'append').mockRejectedValueOnce(lmdbFault(5));
    expect(await store.commit(commitOf([storedRecord({ key: 'k' })]))).toBe('unknown');
    expect(await store.commit(commitOf([storedRecord({ key: 'l' })]))).toBe('failed');
    await expect(store.readDedup(0, 'c', 's')).rejects.toMatchObject({ code: 'STORE_STOPPED' });
    expect(stopped).toMatchObject([{ code: 'STORE_STOPPED' }]);
  });
});
