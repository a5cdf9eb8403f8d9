import { describeClientStorage } from '@topgun/client/testing';
import { describe, expect, it } from 'vitest';
import { MemoryAdapter } from './MemoryAdapter.js';
import { MemoryDisk } from './MemoryDisk.js';

describeClientStorage('MemoryAdapter', () => new MemoryAdapter());

const put = (value: number, durability: 'relaxed' | 'strict' = 'relaxed') => ({
  puts: [[['k'], value] as const],
  deletes: [],
  durability,
});

describe('MemoryAdapter', () => {
  it('[CST-17] a crash loses the last relaxed commits and no hole', async () => {
    const disk = new MemoryDisk();
    const adapter = new MemoryAdapter({ disk });
    await adapter.open('store');
    await adapter.tx(put(1, 'strict'));
    await adapter.tx(put(2));
    await adapter.tx({ puts: [[['other'], 1]], deletes: [['k']] });
    expect(adapter.crash(1)).toBe(1);
    const after = new MemoryAdapter({ disk });
    await after.open('store');
    expect(await after.get(['k'])).toBe(2);
    expect(await after.get(['other'])).toBeUndefined();
    expect(await after.tx(put(3))).toBe(3);
  });

  it('[CST-17] a strict commit flushes all before it', async () => {
    const adapter = new MemoryAdapter({ disk: new MemoryDisk() });
    await adapter.open('store');
    await adapter.tx(put(1));
    await adapter.tx(put(2, 'strict'));
    expect(adapter.crash(5)).toBe(0);
  });

  it('[CST-13] no power cut takes a wipe back', async () => {
    const disk = new MemoryDisk();
    const adapter = new MemoryAdapter({ disk });
    await adapter.open('store');
    await adapter.tx(put(1));
    await adapter.wipe([[['left'], 1]]);
    expect(adapter.crash(5)).toBe(0);
    const after = new MemoryAdapter({ disk });
    await after.open('store');
    expect([await after.get(['k']), await after.get(['left'])]).toEqual([undefined, 1]);
  });

  it('[CST-18] onLost is told and later calls are refused until it is opened again', async () => {
    const adapter = new MemoryAdapter({ disk: new MemoryDisk() });
    const reasons: string[] = [];
    adapter.onLost((reason) => reasons.push(reason));
    await adapter.open('store');
    await adapter.tx(put(1));
    adapter.crash(0);
    expect(reasons).toEqual(['the device lost power']);
    await expect(adapter.get(['k'])).rejects.toMatchObject({ code: 'STORAGE_LOST', retriable: true });
    await adapter.open('store');
    expect(await adapter.get(['k'])).toBe(1);
  });

  it('disks do not share stores', async () => {
    const [a, b] = [
      new MemoryAdapter({ disk: new MemoryDisk() }),
      new MemoryAdapter({ disk: new MemoryDisk() }),
    ];
    await a.open('store');
    await b.open('store');
    await a.tx(put(1));
    expect(await b.get(['k'])).toBeUndefined();
  });
});
