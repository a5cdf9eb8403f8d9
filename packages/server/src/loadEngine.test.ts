import { afterEach, describe, expect, it } from 'vitest';
import type { ServerEngine } from './engine/ServerEngine.js';
import { loadEngine } from './loadEngine.js';
import { commitOf, storedRecord } from './storage/contractRecords.js';
import { endStores, newFolder, newStore, openStore } from './storage/embedded/testing/testStores.js';
import { Pace } from './utils/Pace.js';

afterEach(endStores);

const RECORDS = 3_000;
const SLICE = 50;

/** Records in one partition, half of them folded into the snapshot and half in the log, together with their dedup rows. */
async function filledFolder(): Promise<string> {
  const folder = await newFolder();
  const store = await openStore(folder);
  const pid = 7;
  for (let n = 1; n <= RECORDS; n++) {
    const record = storedRecord({ key: `{${KEY_OF_7}}${n}`, n });
    const batch = commitOf([record]);
    const [slice] = batch.slices;
    expect(slice?.pid).toBe(pid);
    const dedup = [{ clientId: 'c', session: `s${n % 10}`, settledBelow: n, entries: [] }];
    const written = store.commit({
      ...batch,
      slices: [{ pid, high: { epoch: 1, n }, records: [record], dedup }],
    });
    if (n % 100 === 0) await written;
    if (n === RECORDS / 2) await store.compact();
  }
  await store.close();
  return folder;
}

/** Of all keys with this tag the partition is 7. */
const KEY_OF_7 = 'tag-647';

/** An engine that only counts, and the greatest number of rows it was given without a turn in between. */
function counting() {
  const seen = { records: new Set<string>(), dedup: 0, turns: 0, inSlice: 0, worstSlice: 0 };
  const note = (): void => {
    seen.inSlice++;
    seen.worstSlice = Math.max(seen.worstSlice, seen.inSlice);
  };
  const engine = {
    load: (records: Iterable<{ key: string }>, dedup: Iterable<unknown>) => {
      for (const { key } of records) {
        seen.records.add(key);
        note();
      }
      for (const _ of dedup) {
        seen.dedup++;
        note();
      }
    },
  } as unknown as ServerEngine;
  const turn = async (): Promise<void> => {
    seen.turns++;
    seen.inSlice = 0;
  };
  return { engine, seen, pace: new Pace({ sliceRows: SLICE, nowMs: () => 0, turn }) };
}

describe('loadEngine', () => {
  it('[FLOW-20] hands over everything in slices of bounded size, of one crowded partition too', async () => {
    const store = newStore(await filledFolder());
    const { engine, seen, pace } = counting();
    await store.open(pace);
    expect(seen.turns).toBeGreaterThanOrEqual(Math.floor(RECORDS / 2 / SLICE));
    const afterOpen = seen.turns;
    await loadEngine(engine, store, pace);
    expect([seen.records.size, seen.dedup]).toEqual([RECORDS, 10]);
    expect(seen.worstSlice).toBeLessThanOrEqual(SLICE);
    expect(seen.turns - afterOpen).toBeGreaterThanOrEqual(Math.floor(RECORDS / SLICE));
  });

  it('[FLOW-13] ends within a slice when it is stopped', async () => {
    const store = newStore(await filledFolder());
    await store.open();
    const { engine, seen } = counting();
    const stop = new AbortController();
    const turn = async (): Promise<void> => stop.abort(new Error('stopped'));
    const pace = new Pace({ sliceRows: SLICE, nowMs: () => 0, signal: stop.signal, turn });
    await expect(loadEngine(engine, store, pace)).rejects.toThrow('stopped');
    expect(seen.records.size).toBeLessThanOrEqual(SLICE);
  });
});
