import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { commitOf, storedRecord } from '../storage/contractRecords.js';
import { endStores, newFolder, openStore } from '../storage/embedded/testing/testStores.js';
import { jobs, perform } from './jobs.js';
import { storeWorkOn } from './storeWork.js';
import { WorkerPool, type WorkerPoolOptions } from './WorkerPool.js';

const pools: WorkerPool[] = [];
afterEach(async () => {
  for (const pool of pools.splice(0)) await pool.close();
  await endStores();
});

function odd(options: WorkerPoolOptions = {}): WorkerPool {
  const pool = new WorkerPool({ file: new URL('./testing/oddJobs.mjs', import.meta.url), ...options });
  pools.push(pool);
  return pool;
}

describe('WorkerPool', () => {
  it('[FLOW-31] brings back what the worker found, errors under their codes', async () => {
    const pool = odd();
    expect(await pool.run('checkPages', 'a')).toBe('checkPages of a');
    await expect(pool.run('checkPages', 'corrupt')).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
      message: 'page 3 is damaged',
      remedy: expect.stringContaining('restore the last backup'),
    });
  });

  it('[FLOW-31] a worker that ends before its job is lost, and the next job gets a new one', async () => {
    const pool = odd();
    await expect(pool.run('checkPages', 'exit')).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await expect(pool.run('checkPages', 'throw')).rejects.toMatchObject({ code: 'WORKER_LOST' });
    expect(await pool.run('checkPages', 'b')).toBe('checkPages of b');
  });

  it('[FLOW-31] workers that cannot even start are lost, and nobody waits for them', async () => {
    const pool = odd({ file: new URL('./testing/isNotThere.mjs', import.meta.url) });
    await expect(pool.run('checkPages', 'a')).rejects.toMatchObject({ code: 'WORKER_LOST' });
    await expect(pool.run('checkPages', 'b')).rejects.toMatchObject({ code: 'WORKER_LOST' });
  });

  it('[FLOW-31] [FLOW-33] of too many jobs those beyond the limit are refused, and closing ends all of them', async () => {
    const pool = odd({ waiting: 1 });
    await pool.run('checkPages', 'first');
    const left = [pool.run('checkPages', 'hang'), pool.run('checkPages', 'hang')];
    const ended = Promise.allSettled(left);
    // Both are handed over by then: one runs, one waits.
    await Promise.resolve();
    await expect(pool.run('checkPages', 'c')).rejects.toMatchObject({ code: 'WORKERS_BUSY' });
    await pool.close();
    const stopping = { status: 'rejected', reason: { code: 'SERVER_STATE' } };
    expect(await ended).toMatchObject([stopping, stopping]);
    await expect(pool.run('checkPages', 'd')).rejects.toMatchObject({ code: 'SERVER_STATE' });
  });
});

describe('jobs', () => {
  it('[FLOW-30] [FLOW-31] read stores, and say what is wrong with one', async () => {
    const folder = await newFolder();
    const store = await openStore(folder);
    await store.commit(commitOf([storedRecord({ key: 'a' }), storedRecord({ key: 'b' })]));
    await store.compact();
    await store.close();
    expect(await perform(jobs, { job: 'readCopy', input: folder })).toMatchObject({
      result: { records: 2 },
    });
    expect(await perform(jobs, { job: 'checkPages', input: join(folder, 'data.mdb') })).toEqual({
      result: undefined,
    });
    await writeFile(join(folder, 'data.mdb'), 'this is no store');
    for (const [job, input] of [
      ['checkPages', join(folder, 'data.mdb')],
      ['readCopy', folder],
    ])
      expect(await perform(jobs, { job: job as string, input })).toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(perform(jobs, { job: 'constructor', input: 'x' })).rejects.toThrow('No job is called');
  });
});

describe('the checks of a store', () => {
  const noWorkers = (): WorkerPool => odd({ file: new URL('./testing/isNotThere.mjs', import.meta.url) });

  it('[FLOW-32] are made on the event loop where no worker is to be had', async () => {
    const file = join(await newFolder(), 'data.mdb');
    await writeFile(file, 'this is no store');
    const lost: unknown[] = [];
    const work = storeWorkOn(noWorkers(), 0, (error) => lost.push(error));
    await expect(work.checkPages(file)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(work.readCopy(join(file, '..'), { restPerMs: 0 })).rejects.toMatchObject({
      code: 'STORE_CORRUPT',
    });
    expect(lost).toMatchObject([{ code: 'WORKER_LOST' }, { code: 'WORKER_LOST' }]);
  });

  it('[FLOW-30] are asked of a worker for a large file, and not for one that is not there yet', async () => {
    const asked: unknown[] = [];
    const workers = { run: async (...order: unknown[]) => void asked.push(order) } as unknown as WorkerPool;
    const folder = await newFolder();
    const work = storeWorkOn(workers, 10, () => undefined);
    await writeFile(join(folder, 'large.mdb'), 'more than ten bytes');
    await work.checkPages(join(folder, 'large.mdb'));
    await work.checkPages(join(folder, 'missing.mdb'));
    await work.readCopy(folder, { restPerMs: 0 });
    expect(asked).toEqual([
      ['checkPages', join(folder, 'large.mdb')],
      ['readCopy', folder],
    ]);
  });

  it('[FLOW-30] of a backup of an open store', async () => {
    const folder = await newFolder();
    const asked: string[] = [];
    const workers = {
      run: async (job: string, input: string) => {
        asked.push(job);
        const outcome = await perform(jobs, { job, input });
        if (!('result' in outcome)) throw new Error(outcome.code);
        return outcome.result;
      },
    } as unknown as WorkerPool;
    const store = await openStore(folder, { work: storeWorkOn(workers, 0, () => undefined) });
    await store.commit(commitOf([storedRecord({ key: 'a' })]));
    const backup = await store.backup(join(folder, 'copy'), new Date(0));
    expect([asked, backup.commits]).toEqual([['checkPages', 'readCopy'], 1]);
  });
});
