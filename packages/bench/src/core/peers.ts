import { HLC, LWWMap } from '@topgun/core';
import { createMergeableStore } from 'tinybase';
import * as Y from 'yjs';
import type { BenchRecord } from '../records.js';
import { benchRecord } from '../records.js';

/** One contestant: fills a replica, reads it, merges a replica of another author into an empty one. Each step returns something checked. */
export interface CorePeer {
  readonly name: string;
  /** Records this peer is given; a slow one gets fewer, its rates are per record. */
  readonly count: number;
  /** Makes a record per key, as an app would, and sets it; `salt` makes the values others. */
  fill(keys: readonly string[], salt: number): { replica: unknown; check: unknown };
  read(replica: unknown, keys: readonly string[]): number;
  /** What another replica would receive, prepared outside the measured region. */
  delta(replica: unknown): unknown;
  merge(delta: unknown): { replica: unknown; size: number };
}

const FULL = 100_000;

const plainMap: CorePeer = {
  name: 'Map',
  count: FULL,
  fill(keys, salt) {
    const map = new Map<string, BenchRecord>();
    for (let i = 0; i < keys.length; i++) map.set(keys[i] as string, benchRecord(i, salt));
    return { replica: map, check: map.size };
  },
  read(replica, keys) {
    const map = replica as Map<string, BenchRecord>;
    let found = 0;
    for (const key of keys) if (map.get(key) !== undefined) found++;
    return found;
  },
  delta: (replica) => [...(replica as Map<string, BenchRecord>)],
  merge(delta) {
    const map = new Map<string, BenchRecord>();
    for (const [key, record] of delta as [string, BenchRecord][]) map.set(key, record);
    return { replica: map, size: map.size };
  },
};

const clock = { wallMs: () => Date.now() };

const topgun: CorePeer = {
  name: 'TopGun LWWMap',
  count: FULL,
  fill(keys, salt) {
    const map = new LWWMap<BenchRecord>(new HLC('writer', { clock }));
    for (let i = 0; i < keys.length; i++) map.set(keys[i] as string, benchRecord(i, salt));
    return { replica: map, check: map.rootHash() };
  },
  read(replica, keys) {
    const map = replica as LWWMap<BenchRecord>;
    let found = 0;
    for (const key of keys) if (map.get(key) !== undefined) found++;
    return found;
  },
  delta(replica) {
    const map = replica as LWWMap<BenchRecord>;
    const rows = [];
    for (const key of map.allKeys()) {
      const record = map.getRecord(key);
      if (record !== undefined) rows.push([key, record] as const);
    }
    return rows;
  },
  merge(delta) {
    const map = new LWWMap<BenchRecord>(new HLC('reader', { clock }));
    map.mergeMany(delta as Parameters<typeof map.mergeMany>[0]);
    return { replica: map, size: map.size };
  },
};

const yjs: CorePeer = {
  name: 'yjs Y.Map',
  count: FULL,
  fill(keys, salt) {
    const doc = new Y.Doc();
    const map = doc.getMap('records');
    for (let i = 0; i < keys.length; i++) map.set(keys[i] as string, benchRecord(i, salt));
    return { replica: doc, check: map.size };
  },
  read(replica, keys) {
    const map = (replica as Y.Doc).getMap('records');
    let found = 0;
    for (const key of keys) if (map.get(key) !== undefined) found++;
    return found;
  },
  delta: (replica) => Y.encodeStateAsUpdate(replica as Y.Doc),
  merge(delta) {
    const doc = new Y.Doc();
    Y.applyUpdate(doc, delta as Uint8Array);
    return { replica: doc, size: doc.getMap('records').size };
  },
};

const tinybase: CorePeer = {
  name: 'TinyBase MergeableStore',
  count: 10_000,
  fill(keys, salt) {
    const store = createMergeableStore('writer');
    for (let i = 0; i < keys.length; i++)
      store.setRow('records', keys[i] as string, { ...benchRecord(i, salt) });
    return { replica: store, check: store.getRowCount('records') };
  },
  read(replica, keys) {
    const store = replica as ReturnType<typeof createMergeableStore>;
    let found = 0;
    for (const key of keys) if (store.getCell('records', key, 'title') !== undefined) found++;
    return found;
  },
  delta: (replica) => (replica as ReturnType<typeof createMergeableStore>).getMergeableContent(),
  merge(delta) {
    const store = createMergeableStore('reader');
    store.applyMergeableChanges(delta as Parameters<typeof store.applyMergeableChanges>[0]);
    return { replica: store, size: store.getRowCount('records') };
  },
};

export const corePeers: readonly CorePeer[] = [plainMap, topgun, yjs, tinybase];
