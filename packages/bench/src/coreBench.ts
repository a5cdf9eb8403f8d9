import { startChild } from './child.js';
import { corePeers } from './core/peers.js';
import type { CoreRound } from './core/round.js';
import { median, short } from './statistics.js';

/** What Must show 5 asks of core; printed with the figures. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly holds: boolean;
}

/** W1: `rounds` interleaved rounds, each (round, peer) in a fresh process; medians. */
export async function coreBench(rounds: number): Promise<Bar[]> {
  const byPeer = new Map<string, CoreRound[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name } of corePeers) {
      const child = startChild('core');
      byPeer.set(name, [...(byPeer.get(name) ?? []), await child.ask<CoreRound>({ peer: name })]);
      child.stop();
    }
  }
  const figure = (peer: string, of: (round: CoreRound) => number): number =>
    median((byPeer.get(peer) ?? []).map(of));
  console.log(
    'W1 core map: records of 5 fields, per CPU second; set includes the final root hash; heap with keys and values',
  );
  console.log(
    `${'peer'.padEnd(24)}${'records'.padStart(9)}${'set/s'.padStart(9)}${'get/s'.padStart(9)}${'merge/s'.padStart(9)}${'heap B'.padStart(9)}`,
  );
  for (const { name, count } of corePeers) {
    const cells = [
      short(figure(name, (r) => r.set)),
      short(figure(name, (r) => r.get)),
      short(figure(name, (r) => r.merge)),
      short(figure(name, (r) => r.heapBytes)),
    ];
    console.log(
      `${name.padEnd(24)}${short(count).padStart(9)}${cells.map((cell) => cell.padStart(9)).join('')}`,
    );
  }
  const ours = 'TopGun LWWMap';
  const ratio = (of: (round: CoreRound) => number, other: string): number =>
    figure(ours, of) / figure(other, of);
  const set = (r: CoreRound): number => r.set;
  const merge = (r: CoreRound): number => r.merge;
  const heap = (r: CoreRound): number => r.heapBytes;
  return [
    { name: 'set ≥ 3 × yjs', value: ratio(set, 'yjs Y.Map'), holds: ratio(set, 'yjs Y.Map') >= 3 },
    { name: 'set ≥ 0.45 × Map', value: ratio(set, 'Map'), holds: ratio(set, 'Map') >= 0.45 },
    { name: 'merge ≥ 10 × yjs', value: ratio(merge, 'yjs Y.Map'), holds: ratio(merge, 'yjs Y.Map') >= 10 },
    { name: 'heap ≤ 1.6 × Map', value: ratio(heap, 'Map'), holds: ratio(heap, 'Map') <= 1.6 },
  ];
}
