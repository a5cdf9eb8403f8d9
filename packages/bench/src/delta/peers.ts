import { LoroDoc, VersionVector } from 'loro-crdt';
import { createMergeableStore } from 'tinybase';
import { createCustomSynchronizer } from 'tinybase/synchronizers';
import * as Y from 'yjs';
import type { BenchRecord } from '../records.js';
import { benchRecord } from '../records.js';
import { cpuSeconds, settled } from '../statistics.js';
import { type DeviceStore, Loopback } from './Loopback.js';

/** What bringing one replica up to date cost: bytes in both directions, of them cursors, questions waited for, CPU of both ends. */
export interface DeltaCost {
  readonly bytes: number;
  readonly cursorBytes: number;
  readonly roundTrips: number;
  readonly cpuMs: number;
}

/** One contestant: two replicas of the same records, then `changed` on one of them, then the other catches up. */
export interface DeltaPeer {
  readonly name: string;
  /** Records this peer is given; a slow one gets fewer. */
  readonly count: number;
  run(keys: readonly string[], changed: readonly number[]): Promise<DeltaCost>;
}

export const CURSOR = 'TopGun, cursor';
export const WALK = 'TopGun, no history';
export const LORO = 'loro';

const FULL = 100_000;
const ms = (seconds: number): number => seconds * 1000;
const recordsOf = (keys: readonly string[]): [string, BenchRecord][] =>
  keys.map((key, i) => [key, benchRecord(i)]);
const changesOf = (keys: readonly string[], changed: readonly number[]): [string, BenchRecord][] =>
  changed.map((i) => [keys[i] as string, benchRecord(i, 1)]);

function topgun(name: string, prepare: (store: DeviceStore) => void): DeltaPeer {
  return {
    name,
    count: FULL,
    async run(keys, changed) {
      const loopback = new Loopback(recordsOf(keys));
      const store: DeviceStore = new Map();
      loopback.boot(store);
      loopback.connect();
      loopback.sync();
      loopback.check();
      loopback.stop();
      loopback.write(changesOf(keys, changed));
      prepare(store);
      loopback.boot(store);
      loopback.connect();
      await settled();
      const cpuMs = ms(cpuSeconds(() => loopback.sync()));
      loopback.check();
      return { ...loopback.traffic, cpuMs };
    },
  };
}

const yjs: DeltaPeer = {
  name: 'yjs',
  count: FULL,
  async run(keys, changed) {
    const [server, device] = [new Y.Doc(), new Y.Doc()];
    const map = server.getMap('records');
    for (const [key, record] of recordsOf(keys)) map.set(key, record);
    Y.applyUpdate(device, Y.encodeStateAsUpdate(server));
    for (const [key, record] of changesOf(keys, changed)) map.set(key, record);
    let bytes = 0;
    await settled();
    const cpuMs = ms(
      cpuSeconds(() => {
        const vector = Y.encodeStateVector(device);
        const update = Y.encodeStateAsUpdate(server, vector);
        Y.applyUpdate(device, update);
        bytes = vector.length + update.length;
      }),
    );
    const [i = 0] = changed;
    const found = device.getMap('records').get(keys[i] ?? '') as BenchRecord | undefined;
    if (changed.length > 0 && found?.updatedAt !== benchRecord(i, 1).updatedAt)
      throw new Error('yjs missed a change');
    return { bytes, cursorBytes: 0, roundTrips: 1, cpuMs };
  },
};

const loro: DeltaPeer = {
  name: LORO,
  count: FULL,
  async run(keys, changed) {
    const [server, device] = [new LoroDoc(), new LoroDoc()];
    const map = server.getMap('records');
    for (const [key, record] of recordsOf(keys)) map.set(key, record);
    server.commit();
    // Not by a snapshot: what it brings is unpacked at the first use only, which would count here.
    device.import(server.export({ mode: 'update' }));
    for (const [key, record] of changesOf(keys, changed)) map.set(key, record);
    server.commit();
    let bytes = 0;
    await settled();
    const cpuMs = ms(
      cpuSeconds(() => {
        const vector = device.version().encode();
        const update = server.export({ mode: 'update', from: VersionVector.decode(vector) });
        device.import(update);
        bytes = vector.length + update.length;
      }),
    );
    const [i = 0] = changed;
    const found = device.getMap('records').get(keys[i] ?? '') as BenchRecord | undefined;
    if (changed.length > 0 && found?.updatedAt !== benchRecord(i, 1).updatedAt)
      throw new Error('loro missed a change');
    return { bytes, cursorBytes: 0, roundTrips: 1, cpuMs };
  },
};

const tinybase: DeltaPeer = {
  name: 'TinyBase MergeableStore',
  count: 10_000,
  async run(keys, changed) {
    const [server, device] = [createMergeableStore('server'), createMergeableStore('device')];
    for (const [key, record] of recordsOf(keys)) server.setRow('records', key, { ...record });
    device.setMergeableContent(server.getMergeableContent());
    for (const [key, record] of changesOf(keys, changed)) server.setRow('records', key, { ...record });
    let bytes = 0;
    let roundTrips = 0;
    const receivers = new Map<string, (from: string, ...message: [string | null, never, never]) => void>();
    const synchronizers = [server, device].map((store, i) => {
      const [own, other] = i === 0 ? ['server', 'device'] : ['device', 'server'];
      return createCustomSynchronizer(
        store,
        (_, request, message, body) => {
          bytes += JSON.stringify([request, message, body]).length;
          // Answers have a type of their own.
          if (own === 'device' && message !== 0) roundTrips++;
          setImmediate(() =>
            receivers.get(other as string)?.(own as string, request, message as never, body as never),
          );
        },
        (receive) => receivers.set(own as string, receive as never),
        () => undefined,
        10,
      );
    });
    await settled();
    const before = process.cpuUsage();
    // Together: each asks the other at once, and waits for one that has not started yet.
    await Promise.all(synchronizers.map((synchronizer) => synchronizer.startSync()));
    while (
      JSON.stringify(server.getMergeableContentHashes?.()) !==
      JSON.stringify(device.getMergeableContentHashes?.())
    )
      await new Promise((resolve) => setImmediate(resolve));
    const { user, system } = process.cpuUsage(before);
    for (const synchronizer of synchronizers) await synchronizer.destroy();
    return { bytes, cursorBytes: 0, roundTrips, cpuMs: (user + system) / 1000 };
  },
};

export const deltaPeers: readonly DeltaPeer[] = [
  topgun(CURSOR, () => undefined),
  topgun(WALK, (store) => {
    for (const name of store.keys()) if (name.startsWith('cursor\0')) store.delete(name);
  }),
  yjs,
  loro,
  tinybase,
];
