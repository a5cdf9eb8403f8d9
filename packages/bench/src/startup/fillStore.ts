import { partitionOf } from '@topgun/core';
import { EmbeddedStore } from '@topgun/server';
import { benchRecord } from '../records.js';

export interface FillRequest {
  readonly folder: string;
  readonly records: number;
}

const RECORDS_PER_COMMIT = 5_000;

interface Slice {
  readonly pid: number;
  high: { epoch: number; n: number };
  readonly records: object[];
}

/** A folder as a server leaves it: most of it in the snapshot, the newest commits in the log. */
export async function fillStore({
  folder,
  records,
}: FillRequest): Promise<{ bytes: number; logBytes: number }> {
  const store = new EmbeddedStore({ folder });
  await store.open();
  const epoch = Date.now();
  const last = new Map<number, number>();
  for (let from = 0; from < records; from += RECORDS_PER_COMMIT) {
    const slices = new Map<number, Slice>();
    for (let i = from; i < Math.min(records, from + RECORDS_PER_COMMIT); i++) {
      const key = `record-${i}`;
      const pid = partitionOf(key);
      const n = (last.get(pid) ?? 0) + 1;
      last.set(pid, n);
      const slice: Slice = slices.get(pid) ?? { pid, high: { epoch, n }, records: [] };
      slices.set(pid, slice);
      slice.high = { epoch, n };
      const stamp = { t: (epoch - 60_000) * 2048 + (i % 2048), node: `node-${i % 500}`, epoch, n };
      slice.records.push({ map: 'bench', key, kind: 'LWW', value: benchRecord(i), ...stamp });
    }
    const meta = from === 0 ? [{ name: 'map:bench', value: { kind: 'LWW' } }] : [];
    const batch = { slices: [...slices.values()].map((slice) => ({ ...slice, dedup: [] })), meta };
    const result = await store.commit(batch as Parameters<EmbeddedStore['commit']>[0]);
    if (result !== 'committed') throw new Error(`The store answered ${result}`);
  }
  const { logBytes, snapshotBytes } = store.sizes();
  await store.close();
  return { bytes: logBytes + snapshotBytes, logBytes };
}
