import 'fake-indexeddb/auto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IStorageAdapter, StoreKey } from '@topgun/client';
import { describeClientStorage } from '@topgun/client/testing';
import * as LIMITS from '@topgun/protocol/limits';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { NodeFileAdapter } from '../file/NodeFileAdapter.js';
import { IDBAdapter } from '../indexeddb/IDBAdapter.js';
import { MemoryAdapter } from '../memory/MemoryAdapter.js';
import { MemoryDisk } from '../memory/MemoryDisk.js';
import { EncryptedStorageAdapter } from './EncryptedStorageAdapter.js';

const folder = await mkdtemp(join(tmpdir(), 'topgun-encrypted-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const key = new Uint8Array(32).fill(7);
const sealed = (storage: IStorageAdapter, secret: CryptoKey | Uint8Array<ArrayBuffer> = key) =>
  new EncryptedStorageAdapter({ storage, key: secret });

describeClientStorage('EncryptedStorageAdapter on memory', () => sealed(new MemoryAdapter()));
describeClientStorage('EncryptedStorageAdapter on IndexedDB', () => sealed(new IDBAdapter()));
describeClientStorage('EncryptedStorageAdapter on files', () => sealed(new NodeFileAdapter({ folder })));

const put = (row: StoreKey, value: unknown) => ({ puts: [[row, value] as const], deletes: [] });

/** A disk, and the rows on it as whoever stole it sees them. */
function theft() {
  const disk = new MemoryDisk();
  const open = async (secret?: CryptoKey | Uint8Array<ArrayBuffer>): Promise<EncryptedStorageAdapter> => {
    const adapter = sealed(new MemoryAdapter({ disk }), secret);
    await adapter.open('store');
    return adapter;
  };
  const plain = async (): Promise<IStorageAdapter> => {
    const adapter = new MemoryAdapter({ disk });
    await adapter.open('store');
    return adapter;
  };
  const rows = async (): Promise<[StoreKey, Uint8Array][]> => {
    const found: [StoreKey, Uint8Array][] = [];
    await (await plain()).iterate([], (place, row) => found.push([place, row as Uint8Array]));
    return found;
  };
  return { open, plain, rows };
}

describe('what lies in the store below', () => {
  it('[CST-25] shows no key, value, map name or tag, and no name of a table', async () => {
    const adapter = sealed(new NodeFileAdapter({ folder }));
    await adapter.open('canaries');
    const rows = [
      [
        ['base', 'canary-map', 'canary-key\0client:canary-session:1'],
        ['canary-value', new Date(0)],
      ],
      [
        ['op', 'canary-session', '0000000000000001'],
        [0, 'canary-map', 'canary-key', { field: 'canary-value' }],
      ],
      [['map', 'canary-map'], { kind: 'LWW' }],
    ] as const;
    await adapter.tx({ puts: rows, deletes: [['map', 'canary-gone']] });
    await adapter.close();
    const bytes = await readFile(join(folder, 'canaries', 'data'), 'latin1');
    for (const word of ['canary', 'base', 'map', '0000000001', 'field', 'LWW', 'key is right']) {
      expect(bytes.includes(word), word).toBe(false);
    }
    expect(bytes).toContain('topgun:encrypted');
  });

  it('[CST-25] never shows the same bytes twice for the same row, and lies elsewhere under another name or key', async () => {
    const { open, rows } = theft();
    const adapter = await open();
    await adapter.tx(put(['a'], 'same'));
    const [, before] = (await rows())[0] as [StoreKey, Uint8Array];
    await adapter.tx(put(['a'], 'same'));
    const [place, after] = (await rows())[0] as [StoreKey, Uint8Array];
    expect(after).not.toEqual(before);
    expect(place[0]).toMatch(/^[0-9a-f]{32}$/);
    const other = sealed(new MemoryAdapter({ disk: new MemoryDisk() }), new Uint8Array(32).fill(8));
    await other.open('store');
    await other.tx(put(['a'], 'same'));
    expect(await other.get(['a'])).toBe('same');
    const third = theft();
    await (await third.open(new Uint8Array(32).fill(8))).tx(put(['a'], 'same'));
    expect((await third.rows())[0]?.[0]).not.toEqual(place);
  });

  it('[CST-26] a key seals a bounded number of rows, each adapter under keys of its own', async () => {
    vi.spyOn(LIMITS, 'sealsPerKey', 'get').mockReturnValue(2);
    const { open, rows } = theft();
    const [one, two] = [await open(), await open()];
    for (let i = 0; i < 3; i++) {
      await one.tx(put([`one${i}`], i));
      await two.tx(put([`two${i}`], i));
    }
    const uses = new Map<string, number>();
    for (const [, row] of await rows()) {
      const salt = row.slice(1, 17).join();
      uses.set(salt, (uses.get(salt) ?? 0) + 1);
    }
    expect(Math.max(...uses.values())).toBe(2);
    expect(uses.size).toBeGreaterThanOrEqual(4);
    const found: unknown[] = [];
    await (await open()).iterate([], (_, value) => found.push(value));
    expect(found).toEqual([0, 1, 2, 0, 1, 2]);
  });
});

describe('a store that does not fit the key', () => {
  it('[CST-27] is refused with STORAGE_WRONG_KEY at open, and changes nothing', async () => {
    const { open, rows } = theft();
    await (await open()).tx(put(['a'], 1));
    const before = await rows();
    const wrong = new Uint8Array(32).fill(9);
    await expect(open(wrong)).rejects.toMatchObject({ code: 'STORAGE_WRONG_KEY', retriable: false });
    expect(await rows()).toEqual(before);
    expect(await (await open()).get(['a'])).toBe(1);
  });

  it('[CST-27] is refused also when another tab wiped it and wrote since', async () => {
    const { open } = theft();
    const [one, two] = [await open(), await open()];
    await one.tx(put(['a'], 1));
    await one.wipe();
    await two.tx(put(['b'], 2));
    await expect(open(new Uint8Array(32).fill(9))).rejects.toMatchObject({ code: 'STORAGE_WRONG_KEY' });
    expect(await (await open()).get(['b'])).toBe(2);
  });

  it('[CST-27] that was made without encryption is refused, and serves nothing', async () => {
    const { open, plain } = theft();
    await (await plain()).tx(put(['a'], 'in the clear'));
    await expect(open()).rejects.toMatchObject({ code: 'STORAGE_WRONG_KEY' });
  });

  it('[CST-27] calls after a refused opening are refused too', async () => {
    const { open } = theft();
    await (await open()).tx(put(['a'], 1));
    const storage = new MemoryAdapter({ disk: new MemoryDisk() });
    await storage.open('store');
    await storage.tx(put(['a'], 1));
    const adapter = sealed(storage);
    await expect(adapter.open('store')).rejects.toMatchObject({ code: 'STORAGE_WRONG_KEY' });
    await expect(adapter.tx(put(['b'], 1))).rejects.toMatchObject({ code: 'STORAGE_CLOSED' });
  });
});

describe('a row that somebody changed', () => {
  it('[CST-28] is refused with STORAGE_DAMAGED: a flipped bit, and a row in the place of another', async () => {
    const { open, plain, rows } = theft();
    const adapter = await open();
    await adapter.tx({
      puts: [
        [['a'], 1],
        [['b'], 2],
      ],
      deletes: [],
    });
    const [first, second] = (await rows()) as [[StoreKey, Uint8Array], [StoreKey, Uint8Array]];
    const flipped = first[1].slice();
    flipped[40] = (flipped[40] as number) ^ 1;
    for (const row of [flipped, second[1], first[1].slice(0, 20)]) {
      await (await plain()).tx(put(first[0], row));
      await expect(adapter.iterate([], () => undefined)).rejects.toMatchObject({ code: 'STORAGE_DAMAGED' });
    }
  });
});

describe('keys', () => {
  it('[CST-27] may be CryptoKeys for AES-GCM or HKDF that cannot be read out', async () => {
    const { subtle } = crypto;
    const secrets = [
      await subtle.importKey('raw', key, 'AES-GCM', false, ['encrypt', 'decrypt']),
      await subtle.importKey('raw', key, 'HKDF', false, ['deriveKey']),
    ];
    for (const secret of secrets) {
      const { open } = theft();
      await (await open(secret)).tx(put(['a'], 1));
      expect(await (await open(secret)).get(['a'])).toBe(1);
      await expect(open(new Uint8Array(16))).rejects.toMatchObject({ code: 'STORAGE_WRONG_KEY' });
    }
  });

  it('[CST-27] that are too short or for another purpose are refused with STORAGE_KEY_INVALID', async () => {
    const { open } = theft();
    const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
    ]);
    for (const secret of [new Uint8Array(15), hmac]) {
      await expect(open(secret)).rejects.toMatchObject({ code: 'STORAGE_KEY_INVALID', retriable: false });
    }
  });
});

it('[CST-18] a store that was lost is unlocked anew', async () => {
  const storage = new MemoryAdapter({ disk: new MemoryDisk() });
  const adapter = sealed(storage);
  await adapter.open('store');
  await adapter.tx(put(['a'], 1));
  storage.crash(0);
  await expect(adapter.get(['a'])).rejects.toMatchObject({ code: 'STORAGE_LOST' });
  await adapter.open('store');
  expect(await adapter.get(['a'])).toBe(1);
});
