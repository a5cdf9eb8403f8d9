import { serialize } from '@topgun/protocol';
import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import { CURSOR, type DeltaCost, deltaPeers, LORO, WALK } from './delta/peers.js';
import { CHANGED, changedOf, type DeltaRound } from './delta/round.js';
import { benchRecord } from './records.js';
import { median, short } from './statistics.js';

/** W4: a replica of 100,000 records of which 100 changed elsewhere catches up; `rounds` interleaved rounds, medians. */
export async function deltaBench(rounds: number): Promise<Bar[]> {
  const byPeer = new Map<string, DeltaRound[]>();
  for (let round = 0; round < rounds; round++) {
    for (const { name } of deltaPeers) {
      const child = startChild('delta');
      byPeer.set(name, [...(byPeer.get(name) ?? []), await child.ask<DeltaRound>({ peer: name })]);
      child.stop();
    }
  }
  const plain = changedOf(deltaPeers[0]?.count ?? 0).reduce(
    (sum, i) => sum + serialize(benchRecord(i, 1)).length,
    0,
  );
  const figure = (name: string, of: (round: DeltaRound) => number): number =>
    median((byPeer.get(name) ?? []).map(of));
  console.log(
    `W4 delta sync: ${CHANGED} records changed, ${plain} bytes of plain msgpack; bytes of both directions`,
  );
  console.log(
    `${'peer'.padEnd(26)}${['records', 'bytes', 'trips', 'CPU ms', 'bytes =', 'trips =', 'CPU ms ='].map((name) => name.padStart(10)).join('')}`,
  );
  const columns = (pick: (round: DeltaRound) => DeltaCost, name: string): string[] =>
    (['bytes', 'roundTrips', 'cpuMs'] as const).map((field) =>
      short(figure(name, (round) => pick(round)[field])),
    );
  for (const { name, count } of deltaPeers) {
    const cells = [
      short(count),
      ...columns((round) => round.changed, name),
      ...columns((round) => round.equal, name),
    ];
    console.log(`${name.padEnd(26)}${cells.map((cell) => cell.padStart(10)).join('')}`);
  }
  const bar = (name: string, value: number, max: number): Bar => ({
    name: `${name} ≤ ${max}`,
    value,
    holds: value <= max,
  });
  const equal = (of: (cost: DeltaCost) => number): number => figure(CURSOR, (round) => of(round.equal));
  return [
    bar(
      'delta by cursor: round trips',
      figure(CURSOR, (r) => r.changed.roundTrips),
      1,
    ),
    bar('delta by cursor: × plain bytes', figure(CURSOR, (r) => r.changed.bytes) / plain, 1),
    bar(
      "delta by cursor: × loro's CPU",
      figure(CURSOR, (r) => r.changed.cpuMs) / figure(LORO, (r) => r.changed.cpuMs),
      1,
    ),
    bar(
      'delta without history: round trips',
      figure(WALK, (r) => r.changed.roundTrips),
      3,
    ),
    bar('delta without history: × plain bytes', figure(WALK, (r) => r.changed.bytes) / plain, 5),
    bar(
      'identical: round trips',
      equal((cost) => cost.roundTrips),
      1,
    ),
    bar(
      'identical: bytes besides the cursor',
      equal((cost) => cost.bytes - cost.cursorBytes),
      256,
    ),
    bar(
      'cursor: bytes',
      equal((cost) => cost.cursorBytes / 2),
      1_400,
    ),
  ];
}
