import type { Bar } from './coreBench.js';
import { type Costs, costsOf, doorNames, ours, SUBSCRIBERS } from './doors/deliveryCosts.js';
import type { DoorKind } from './doors/requests.js';
import { median, short } from './statistics.js';

const OVER_BARE = 1.1;
const OVER_SOCKET_IO: Readonly<Record<number, number>> = { 1: 0.7, 10: 0.25 };

const kinds: readonly DoorKind[] = [...ours, 'bare-ws', 'bare-sse', 'bare-net', 'socket.io'];

/** One topic to a thousand: what a delivery costs the server beside bare servers and socket.io. */
export async function fanoutBench(rounds: number): Promise<Bar[]> {
  const costs = new Map<DoorKind, Costs[]>();
  for (let round = 0; round < rounds; round++) {
    for (const kind of kinds) costs.set(kind, [...(costs.get(kind) ?? []), await costsOf(kind)]);
  }
  const cost = (kind: DoorKind, of: keyof Costs): number => median((costs.get(kind) ?? []).map((c) => c[of]));
  console.log(
    `Fan-out: one topic to ${SUBSCRIBERS} subscribers, messages of 256 bytes; µs of the server's CPU for each delivery`,
  );
  console.log(`${'server'.padEnd(30)}${'1 a turn'.padStart(12)}${'10 a turn'.padStart(12)}`);
  for (const kind of kinds)
    console.log(
      `${doorNames[kind].padEnd(30)}${short(cost(kind, 'one')).padStart(12)}${short(cost(kind, 'ten')).padStart(12)}`,
    );
  const floor = cost('bare-net', 'one') / cost('socket.io', 'one');
  console.log(
    `of socket.io, the writes alone take ${floor.toFixed(2)} at 1 a turn: nothing in Node that writes to sockets takes less`,
  );
  const bars: Bar[] = [];
  for (const kind of ours) {
    const bare = kind === 'sse' ? 'bare-sse' : 'bare-ws';
    for (const [of, perTick] of [
      ['one', 1],
      ['ten', 10],
    ] as const) {
      const over = (peer: DoorKind, bar: number): void => {
        const value = cost(kind, of) / cost(peer, of);
        const name = `fan-out: ${doorNames[kind]} ÷ ${doorNames[peer]} at ${perTick} a turn ≤ ${bar}`;
        bars.push({ name, value, holds: value <= bar });
      };
      over(bare, OVER_BARE);
      over('socket.io', OVER_SOCKET_IO[perTick] as number);
    }
  }
  return bars;
}
