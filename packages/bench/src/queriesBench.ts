import { startChild } from './child.js';
import type { Bar } from './coreBench.js';
import { OURS, type QueryRequest, type QueryRound, queryPeers } from './queries/round.js';
import { median, short } from './statistics.js';

/** Records and queries, from the first size upwards. */
const SIZES = [
  [20_000, 100],
  [50_000, 200],
  [100_000, 500],
  [200_000, 1_000],
] as const;
/** A contestant is done with a round, opening included, in this time, or not at all. */
const ROUND_SECONDS = 600;
/** Writes are measured for so long at most. */
const SECONDS = 20;
const WRITES = 20_000;
/** Each write matches so many queries where ours is alone. */
const MATCHED = 10;
/**
 * Everywhere as many, so that a write is as likely to change the 20 rows that a query shows: telling of such changes is most of the
 * work, and grows with neither records nor queries.
 */
const RECORDS_PER_OWNER = 100;
const OWN_SIZES = [
  [10_000, 1000],
  [100_000, 1000],
  [100_000, 10_000],
] as const;

/** One contestant, one round; undefined when it was not done in its share of the time. */
async function round(request: QueryRequest, deadlineMs: number): Promise<QueryRound | undefined> {
  const child = startChild('queries');
  try {
    return await child.ask<QueryRound>(request, deadlineMs);
  } catch (error) {
    console.log(`${request.peer}: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  } finally {
    child.stop();
  }
}

type Contest = ReadonlyMap<string, QueryRound[]>;

/** One more round of all contestants at one size; who does not finish is out. */
async function contest(byPeer: Contest, records: number, queries: number): Promise<boolean> {
  let isWhole = true;
  for (const [peer, done] of byPeer) {
    const request = { peer, records, queries, perOwner: 1, writes: WRITES, seconds: SECONDS };
    const found = await round(request, ROUND_SECONDS * 1000);
    if (found) done.push(found);
    else isWhole = false;
  }
  return isWhole;
}

function print(byPeer: Contest): void {
  console.log(
    `${'peer'.padEnd(28)}${['CPU µs/write', 'writes', 'open s'].map((name) => name.padStart(14)).join('')}`,
  );
  for (const [name, done] of byPeer) {
    const cells = (['cpuUs', 'writes', 'openSeconds'] as const).map((field) =>
      done.length > 0 ? short(median(done.map((one) => one[field]))) : 'not done',
    );
    console.log(`${name.padEnd(28)}${cells.map((cell) => cell.padStart(14)).join('')}`);
  }
}

/**
 * W6: live queries `{ done: false, owner }`, sorted, limit 20; CPU per write until every listener has its result. One round tells at each
 * size who finishes; the largest at which all do is gone over again, in interleaved rounds.
 */
export async function queriesBench(rounds: number): Promise<Bar[]> {
  let largest: readonly [records: number, queries: number, byPeer: Contest] | undefined;
  for (const [records, queries] of SIZES) {
    const byPeer: Contest = new Map(queryPeers.map(({ name }) => [name, []]));
    const isCommon = await contest(byPeer, records, queries);
    console.log(`W6 live queries: ${short(records)} records × ${queries} queries, sort, limit 20; one round`);
    print(byPeer);
    if (!isCommon) break;
    largest = [records, queries, byPeer];
  }
  return [...(largest ? await atLargest(rounds, ...largest) : []), ...(await alone(rounds))];
}

async function atLargest(rounds: number, records: number, queries: number, byPeer: Contest): Promise<Bar[]> {
  for (let i = 1; i < rounds; i++) await contest(byPeer, records, queries);
  console.log(`W6 live queries: ${short(records)} records × ${queries} queries, sort, limit 20; medians`);
  print(byPeer);
  const cpuOf = (name: string): number => median((byPeer.get(name) ?? []).map(({ cpuUs }) => cpuUs));
  const best = Math.min(...[...byPeer.keys()].filter((name) => name !== OURS).map(cpuOf));
  const value = best / cpuOf(OURS);
  return [
    { name: `CPU per write at ${records} × ${queries}, best peer ÷ ours ≥ 50`, value, holds: value >= 50 },
  ];
}

/** Ours alone: 1,000 and 10,000 equality queries of which each write matches 10. */
async function alone(rounds: number): Promise<Bar[]> {
  const done = OWN_SIZES.map((): number[] => []);
  for (let i = 0; i < rounds; i++)
    for (const [at, [records, queries]] of OWN_SIZES.entries()) {
      const request = {
        peer: OURS,
        records,
        queries,
        perOwner: MATCHED,
        recordsPerOwner: RECORDS_PER_OWNER,
        writes: WRITES,
        seconds: SECONDS,
      };
      const found = await round(request, 300_000);
      done[at]?.push(found?.cpuUs ?? Number.NaN);
    }
  const [few = Number.NaN, some = Number.NaN, many = Number.NaN] = done.map(median);
  console.log(`W6 ours alone, each write matches ${MATCHED} queries, CPU µs/write`);
  for (const [at, [records, queries]] of OWN_SIZES.entries())
    console.log(
      `${`${short(records)} × ${short(queries)}`.padEnd(28)}${short(median(done[at] ?? [])).padStart(14)}`,
    );
  const bar = (name: string, value: number): Bar => ({ name: `${name} ≤ 2`, value, holds: value <= 2 });
  return [
    bar('CPU per write, 100,000 ÷ 10,000 records', some / few),
    bar('CPU per write, 10,000 ÷ 1,000 queries', many / some),
  ];
}
