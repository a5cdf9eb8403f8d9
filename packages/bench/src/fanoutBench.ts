import type { Bar } from './coreBench.js';
import { type Costs, costsOf, doorNames, ours, SUBSCRIBERS } from './doors/deliveryCosts.js';
import type { DoorKind } from './doors/requests.js';
import { median, short } from './statistics.js';

const OVER_BARE = 1.1;
const OVER_SOCKET_IO: Readonly<Record<number, number>> = { 1: 0.7, 10: 0.25 };

/** In this order, so that what is compared is measured side by side. */
const kinds: readonly DoorKind[] = ['bare-sse', 'sse', 'json', 'socket.io', 'binary', 'bare-ws', 'bare-net'];

/**
 * One topic to a thousand: what a delivery costs the server beside bare servers and socket.io. A ratio is taken within each round and is the
 * median of all: a shared machine is faster in one minute and slower in the next, by more than servers differ.
 */
export async function fanoutBench(rounds: number): Promise<Bar[]> {
  const measured: Map<DoorKind, Costs>[] = [];
  for (let round = 0; round < rounds; round++) {
    const costs = new Map<DoorKind, Costs>();
    for (const kind of kinds) costs.set(kind, await costsOf(kind));
    measured.push(costs);
  }
  const overRounds = (of: (costs: (kind: DoorKind) => Costs) => number): number =>
    median(measured.map((round) => of((kind) => round.get(kind) as Costs)));
  const cost = (kind: DoorKind, of: keyof Costs): number => overRounds((costs) => costs(kind)[of]);
  const ratio = (kind: DoorKind, peer: DoorKind, of: keyof Costs): number =>
    overRounds((costs) => costs(kind)[of] / costs(peer)[of]);
  console.log(
    `Fan-out: one topic to ${SUBSCRIBERS} subscribers, messages of 256 bytes; µs of the server's CPU for each delivery`,
  );
  console.log(`${'server'.padEnd(30)}${'1 a turn'.padStart(12)}${'10 a turn'.padStart(12)}`);
  for (const kind of kinds)
    console.log(
      `${doorNames[kind].padEnd(30)}${short(cost(kind, 'one')).padStart(12)}${short(cost(kind, 'ten')).padStart(12)}`,
    );
  const floor = ratio('bare-net', 'socket.io', 'one');
  console.log(
    `of socket.io, the writes alone take ${floor.toFixed(2)} at 1 a turn, which any server pays that writes to sockets of Node`,
  );
  const bars: Bar[] = [];
  for (const kind of ours) {
    const bare = kind === 'sse' ? 'bare-sse' : 'bare-ws';
    for (const [of, perTick] of [
      ['one', 1],
      ['ten', 10],
    ] as const) {
      const over = (peer: DoorKind, bar: number): void => {
        const value = ratio(kind, peer, of);
        const name = `fan-out: ${doorNames[kind]} ÷ ${doorNames[peer]} at ${perTick} a turn ≤ ${bar}`;
        bars.push({ name, value, holds: value <= bar });
      };
      over(bare, OVER_BARE);
      over('socket.io', OVER_SOCKET_IO[perTick] as number);
    }
  }
  return bars;
}
