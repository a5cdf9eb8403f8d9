import { benchKeys } from '../records.js';
import { type DeltaCost, deltaPeers } from './peers.js';

export interface DeltaRound {
  /** 100 records changed */
  readonly changed: DeltaCost;
  /** none changed */
  readonly equal: DeltaCost;
}

export const CHANGED = 100;
const WARM_UPS = 30;

/** The records that change: spread over all. */
export const changedOf = (count: number): number[] =>
  Array.from({ length: CHANGED }, (_, i) => Math.floor((i * count) / CHANGED));

/** One peer, one round, in a process of its own. */
export async function deltaRound(name: string): Promise<DeltaRound> {
  const peer = deltaPeers.find((candidate) => candidate.name === name);
  if (peer === undefined) throw new Error(`No peer is called ${name}`);
  // Small first runs let the compiler see the code, as on a server that has been up for a second; they are not measured.
  for (let run = 0; run < WARM_UPS; run++) await peer.run(benchKeys(500), changedOf(500));
  const keys = benchKeys(peer.count);
  return { changed: await peer.run(keys, changedOf(peer.count)), equal: await peer.run(keys, []) };
}
