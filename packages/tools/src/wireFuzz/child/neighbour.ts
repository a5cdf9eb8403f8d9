import { packTime } from '@topgun/core';
import { type ClientMessage, CONCERN, encode, OP, type ServerMessage } from '@topgun/protocol';
import { NEIGHBOUR_MAP, WITNESS_MAP } from '../fuzzedConfig.js';
import { goodClaims, jwtOf, NEIGHBOUR } from '../identity.js';
import { frameOf } from '../link/frameOf.js';
import { WireLink } from '../link/WireLink.js';
import type { Ask, NeighbourReport } from './messages.js';

const PAUSE_MS = 10;
const KEYS = 20;
const WARM_UP_PINGS = 200;
const CLIENT = 'goodgoodgoodgoodgood00';
const SESSION = 'goodgood000';

type Written = readonly [map: string, key: string, value: unknown];

const [port = ''] = process.argv.slice(2);
const link = await WireLink.open(Number(port), undefined);
const pings: number[] = [];
const writes: number[] = [];
const late: number[] = [];
const faults: string[] = [];
const send = (message: ClientMessage): void => link.socket.write(frameOf(encode(message)));

send({
  type: 'AUTH',
  versions: [1, 99],
  clientId: CLIENT,
  sessions: [SESSION],
  token: jwtOf({ alg: 'HS256' }, goodClaims(NEIGHBOUR, Date.now())),
});
await link.until((messages) => messages.length > 0);
const { incarnation } = link.find('AUTH_ACK') ?? { incarnation: '' };
let seq = 0;

async function write(written: readonly Written[]): Promise<void> {
  const maps = [...new Set(written.map(([map]) => map))];
  const settledBelow = seq + 1;
  const rows = written.map(
    ([map, key, value]) =>
      [++seq, OP.PUT, maps.indexOf(map), key, packTime(Date.now(), seq % 2048), null, value] as const,
  );
  send({ type: 'OPS', session: SESSION, settledBelow, incarnation, concern: CONCERN.PERSISTED, maps, rows });
  if (!(await link.until((messages) => answered(messages) >= written.length)))
    faults.push('a write was not answered');
  for (const message of link.drain()) {
    if (message.type === 'ERROR') faults.push(message.code);
    if (message.type !== 'OP_ACK') continue;
    for (const [, code] of message.ex ?? []) if (code !== null) faults.push(code);
  }
}

function answered(messages: readonly ServerMessage[]): number {
  let count = 0;
  for (const message of messages) {
    if (message.type === 'OP_ACK') for (const [, ops] of message.spans) count += ops;
  }
  return count;
}

async function ping(id: number): Promise<void> {
  const begun = performance.now();
  send({ type: 'PING', id });
  if (
    !(await link.until((messages) =>
      messages.some((message) => message.type === 'PONG' && message.id === id),
    ))
  )
    faults.push('a ping was not answered');
  link.drain();
  pings.push(performance.now() - begun);
}

// What the inputs meet: records that they may not touch, and some that they may touch in part.
await write([
  ...Array.from({ length: 10 }, (_, i): Written => [WITNESS_MAP, `k${i}`, { secret: i }]),
  ...Array.from({ length: 20 }, (_, i): Written => ['mine:a', `k${i}`, { owner: 'mallory', i }]),
  ...Array.from({ length: 20 }, (_, i): Written => ['masked:a', `k${i}`, { title: 'old', secret: i }]),
  ...Array.from({ length: KEYS }, (_, i): Written => [NEIGHBOUR_MAP, `n${i}`, 0]),
]);
for (let id = 1; id < WARM_UP_PINGS; id++) await ping(id);
pings.length = 0;

const p99 = (times: readonly number[]): number =>
  [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? 0;

function report(): NeighbourReport {
  return {
    pings: pings.length,
    pingP99Ms: p99(pings),
    pingMaxMs: pings.reduce((a, b) => Math.max(a, b), 0),
    lateP99Ms: p99(late),
    writes: writes.length,
    writeP99Ms: p99(writes),
    faults: [...new Set(faults)],
  };
}

process.on('message', (ask: Ask) => {
  if (ask === 'stop') process.exit(0);
  process.send?.({ [ask]: report() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ ready: true });

for (let turn = WARM_UP_PINGS; !link.isOver; turn++) {
  await ping(turn);
  if (turn % 4 === 0) {
    const begun = performance.now();
    await write([[NEIGHBOUR_MAP, `n${turn % KEYS}`, turn]]);
    writes.push(performance.now() - begun);
  }
  const begun = performance.now();
  await link.socket.until(() => link.socket.isClosed, PAUSE_MS);
  late.push(performance.now() - begun - PAUSE_MS);
}
faults.push(`the neighbour was cut off: ${link.closeCode ?? 'no code'}`);
