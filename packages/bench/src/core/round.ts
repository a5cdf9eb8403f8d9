import { benchKeys } from '../records.js';
import { cpuSeconds } from '../statistics.js';
import { corePeers } from './peers.js';

/** Rates are per CPU second; heap is bytes per record of a filled replica, its keys and values included. */
export interface CoreRound {
  readonly peer: string;
  readonly set: number;
  readonly get: number;
  readonly merge: number;
  readonly heapBytes: number;
}

function heapUsed(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  return process.memoryUsage().heapUsed;
}

/** One peer, one round, in a process of its own: 100k sets (each record made on the spot, the final root hash included), 100k gets, one merge of all records into an empty replica. */
export function coreRound(name: string): CoreRound {
  const peer = corePeers.find((candidate) => candidate.name === name);
  if (peer === undefined) throw new Error(`No peer is called ${name}`);
  const keys = benchKeys(peer.count);

  // A small first fill lets the compiler see the code; it is not measured.
  peer.merge(peer.delta(peer.fill(keys.slice(0, 5000), 3).replica));

  const before = heapUsed();
  const resident = peer.fill(benchKeys(peer.count), 0).replica;
  const heapBytes = (heapUsed() - before) / peer.count;
  if (peer.read(resident, keys.slice(0, 1)) !== 1) throw new Error(`${name} lost its first record`);

  let filled = peer.fill([], 0);
  const setSeconds = cpuSeconds(() => {
    filled = peer.fill(keys, 1);
  });
  let found = 0;
  const getSeconds = cpuSeconds(() => {
    for (let i = 0; i < 5; i++) found = peer.read(filled.replica, keys);
  });
  if (found !== peer.count) throw new Error(`${name} found ${found} of ${peer.count} records`);
  const delta = peer.delta(filled.replica);
  let merged = 0;
  const mergeSeconds = cpuSeconds(() => {
    merged = peer.merge(delta).size;
  });
  if (merged !== peer.count) throw new Error(`${name} merged ${merged} of ${peer.count} records`);
  return {
    peer: name,
    set: peer.count / setSeconds,
    get: (5 * peer.count) / getSeconds,
    merge: peer.count / mergeSeconds,
    heapBytes,
  };
}
