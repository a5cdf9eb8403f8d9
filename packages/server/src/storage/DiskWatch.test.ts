import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DISK_FREE_BYTES_MIN, type DiskIo, DiskWatch } from './DiskWatch.js';

const io = (freeBytes: number, access: DiskIo['access'] = async () => undefined): DiskIo => ({
  statfs: async () => ({ bavail: freeBytes / 512, bsize: 512 }),
  access,
});

describe('DiskWatch', () => {
  it('[OBS-20] tells a disk without room, one that is read only, and one that is gone', async () => {
    const readOnly = io(1e9, () => Promise.reject(new Error('EROFS')));
    const gone: DiskIo = { ...io(0), statfs: () => Promise.reject(new Error('ENOENT')) };
    const faults = [io(DISK_FREE_BYTES_MIN), io(DISK_FREE_BYTES_MIN - 512), readOnly, gone].map(
      async (system) => (await new DiskWatch('/data', system).state()).fault,
    );
    expect(await Promise.all(faults)).toEqual([
      undefined,
      'DISK_FULL',
      'STORE_READ_ONLY',
      'STORE_UNREACHABLE',
    ]);
  });

  it('[OBS-20] asks the system once a second, however often it is asked', async () => {
    let free = 1e9;
    let looks = 0;
    let now = 0;
    const system: DiskIo = {
      statfs: async () => {
        looks++;
        return { bavail: free, bsize: 1 };
      },
      access: async () => undefined,
    };
    const watch = new DiskWatch('/data', system, () => now);
    for (now = 0; now < 1_000; now += 100) await watch.state();
    expect(looks).toBe(1);
    free = 5;
    now = 1_000;
    expect(await watch.state()).toEqual({ freeBytes: 5, fault: 'DISK_FULL' });
    expect(looks).toBe(2);
  });

  it('[OBS-20] reads a real folder, and notices when it goes', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-disk-'));
    expect((await new DiskWatch(folder).state()).freeBytes).toBeGreaterThan(0);
    await rm(folder, { recursive: true });
    expect(await new DiskWatch(folder).state()).toEqual({
      freeBytes: undefined,
      fault: 'STORE_UNREACHABLE',
    });
  });
});
