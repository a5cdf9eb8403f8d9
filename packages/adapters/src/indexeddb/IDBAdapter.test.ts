import 'fake-indexeddb/auto';
import { describeClientStorage } from '@topgun/client/testing';
import { forceCloseDatabase } from 'fake-indexeddb';
import { deleteDB, openDB } from 'idb';
import { describe, expect, it, vi } from 'vitest';
import { IDBAdapter } from './IDBAdapter.js';

describeClientStorage('IDBAdapter', () => new IDBAdapter());

describe('IDBAdapter', () => {
  it('[CST-18] another tab that deletes the store gets it, and onLost is told', async () => {
    const adapter = new IDBAdapter();
    const reasons: string[] = [];
    adapter.onLost((reason) => reasons.push(reason));
    await adapter.open('deleted');
    await adapter.tx({ puts: [[['k'], 1]], deletes: [] });
    await deleteDB('deleted');
    expect(reasons).toEqual(['another tab replaces the store']);
    await expect(adapter.get(['k'])).rejects.toMatchObject({ code: 'STORAGE_LOST', retriable: true });
    await adapter.open('deleted');
    expect(await adapter.get(['k'])).toBeUndefined();
    await adapter.close();
  });

  it('[CST-18] a connection that the browser closes is lost, and opening again brings the rows back', async () => {
    const connections: IDBDatabase[] = [];
    const transaction = IDBDatabase.prototype.transaction;
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      connections.push(this);
      return transaction.apply(this, args);
    });
    const adapter = new IDBAdapter();
    const lost = new Promise<string>((resolve) => {
      adapter.onLost(resolve);
    });
    await adapter.open('terminated');
    await adapter.tx({ puts: [[['k'], 1]], deletes: [] });
    forceCloseDatabase(connections[0] as never);
    expect(await lost).toBe('the browser closed the store');
    await expect(adapter.get(['k'])).rejects.toMatchObject({ code: 'STORAGE_LOST', retriable: true });
    await adapter.open('terminated');
    expect(await adapter.get(['k'])).toBe(1);
    await adapter.close();
  });

  it('[CST-19] a store of a newer layout is refused with STORAGE_VERSION', async () => {
    (await openDB('newer', 99)).close();
    await expect(new IDBAdapter().open('newer')).rejects.toMatchObject({
      code: 'STORAGE_VERSION',
      retriable: false,
    });
  });

  it('[CST-19] without IndexedDB the error is STORAGE_UNAVAILABLE and says what to do', async () => {
    vi.stubGlobal('indexedDB', undefined);
    const adapter = new IDBAdapter();
    const failure = adapter.open('none');
    await expect(failure).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
      remedy: expect.stringContaining('MemoryAdapter'),
    });
    vi.unstubAllGlobals();
    await adapter.open('none');
    await adapter.close();
  });

  it('[CST-30] a store of the first layout keeps its rows and goes on with its commit number', async () => {
    const old = await openDB('layout-1', 1, { upgrade: (db) => void db.createObjectStore('rows') });
    const rows = Array.from(
      { length: 5_000 },
      (_, i) => [['op', 's', `${i}`.padStart(16, '0')], { i }] as const,
    );
    const tx = old.transaction('rows', 'readwrite');
    for (const [key, value] of rows) void tx.store.put(value, [...key]);
    void tx.store.put(77, 'commit');
    await tx.done;
    old.close();
    const adapter = new IDBAdapter();
    await adapter.open('layout-1');
    const found: unknown[] = [];
    expect(await adapter.iterate([], (...row) => found.push(row))).toBe(77);
    expect(found).toEqual(rows);
    expect(await adapter.tx({ puts: [], deletes: [] })).toBe(78);
    await adapter.close();
    await expect(openDB('layout-1', 1)).rejects.toMatchObject({ name: 'VersionError' });
  });

  it('[CST-30] an upgrade that fails half-way leaves the old store as it was', async () => {
    const old = await openDB('half-way', 1, { upgrade: (db) => void db.createObjectStore('rows') });
    await old.put('rows', 'pending', ['op', 's', '1']);
    await old.put('rows', 1, 'commit');
    old.close();
    const deletion = vi.spyOn(IDBDatabase.prototype, 'deleteObjectStore').mockImplementationOnce(() => {
      throw new Error('out of luck');
    });
    const adapter = new IDBAdapter();
    await expect(adapter.open('half-way')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    deletion.mockRestore();
    await adapter.open('half-way');
    expect(await adapter.get(['op', 's', '1'])).toBe('pending');
    await adapter.close();
  });

  it('[CST-20] an opening behind another tab that holds the store goes on when that tab lets go', async () => {
    const old = await openDB('blocked', 1, { upgrade: (db) => void db.createObjectStore('rows') });
    const deletion = deleteDB('blocked');
    const adapter = new IDBAdapter();
    const opening = adapter.open('blocked');
    old.close();
    await deletion;
    await opening;
    expect(await adapter.tx({ puts: [], deletes: [] })).toBe(1);
    await adapter.close();
  });

  it('[CST-2] the durability of a batch reaches the transaction', async () => {
    const adapter = new IDBAdapter();
    await adapter.open('durability');
    const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction');
    await adapter.tx({ puts: [], deletes: [] });
    await adapter.tx({ puts: [], deletes: [], durability: 'strict' });
    expect(transaction.mock.calls.map((call) => call[2])).toEqual([
      { durability: 'relaxed' },
      { durability: 'strict' },
    ]);
    await adapter.close();
  });

  it('[CST-19] a transaction that IndexedDB aborts fails with a typed error, and nothing else rejects', async () => {
    const adapter = new IDBAdapter();
    await adapter.open('aborted');
    const unhandled = vi.fn();
    process.on('unhandledRejection', unhandled);
    const transaction = IDBDatabase.prototype.transaction;
    vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(function (this: IDBDatabase, ...args) {
      const tx = transaction.apply(this, args);
      queueMicrotask(() => tx.abort());
      tx.commit = () => undefined;
      return tx;
    });
    const calls = [
      adapter.tx({ puts: [[['k'], 1]], deletes: [] }),
      adapter.iterate([], () => undefined),
      adapter.wipe(),
    ];
    const outcomes = await Promise.allSettled(calls);
    vi.restoreAllMocks();
    // Node tells of what nobody handled once the turn has ended.
    await new Promise((resolve) => setImmediate(resolve));
    process.off('unhandledRejection', unhandled);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
      calls.map(() => 'STORAGE_FAILED'),
    );
    expect(unhandled).not.toHaveBeenCalled();
    expect(await adapter.tx({ puts: [], deletes: [] })).toBe(1);
    await adapter.close();
  });
});
