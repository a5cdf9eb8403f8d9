import type { OpenStore, QueryPeer } from './QueryPeer.js';
import { rxdb } from './rxdb.js';
import { tanstack } from './tanstack.js';
import { tinybase } from './tinybase.js';
import { topgun } from './topgun.js';
import { type Workload, workload } from './workload.js';

export const OURS = topgun.name;
export const queryPeers: readonly QueryPeer[] = [topgun, tinybase, tanstack, rxdb];

export interface QueryRequest {
  readonly peer: string;
  readonly records: number;
  readonly queries: number;
  /** Queries that each owner has, and so about as many as each write matches. */
  readonly perOwner: number;
  /** Records that each owner has to begin with; without it they are all dealt out to the owners that queries ask about. */
  readonly recordsPerOwner?: number;
  /** How many writes are measured at most, and for how long. */
  readonly writes: number;
  readonly seconds: number;
}

export interface QueryRound {
  /** CPU per write until all listeners have their results, µs. */
  readonly cpuUs: number;
  readonly writes: number;
  /** To fill the store and open the queries, s. */
  readonly openSeconds: number;
}

/** So that the compiler has seen the code; a quarter of the time at most. */
const WARM_UPS = 5000;
const SETTLE_MS_MAX = 20_000;
/** A turn of the event loop, in which every contestant has told its listeners. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** One contestant, one round, in a process of its own: write after write, each in a turn of its own. */
export async function queryRound(request: QueryRequest): Promise<QueryRound> {
  const peer = queryPeers.find(({ name }) => name === request.peer);
  if (peer === undefined) throw new Error(`No peer is called ${request.peer}`);
  const work = workload(request.records, request.queries, request.perOwner, request.recordsPerOwner);
  const openedAt = performance.now();
  const store = await peer.open(work.records, work.queries);
  const openSeconds = (performance.now() - openedAt) / 1000;
  await check(work, store, `${peer.name} after opening`);
  let written = 0;
  const write = async (): Promise<void> => {
    const [key, record] = work.write(written++);
    await store.write(key, record);
    await turn();
  };
  const warmUntil = performance.now() + (request.seconds * 1000) / 4;
  while (written < WARM_UPS && performance.now() < warmUntil) await write();
  await check(work, store, `${peer.name} after warming up`);
  const first = written;
  const until = performance.now() + request.seconds * 1000;
  const before = process.cpuUsage();
  while (written - first < request.writes && performance.now() < until) await write();
  const { user, system } = process.cpuUsage(before);
  await check(work, store, `${peer.name} after ${written} writes`);
  const writes = written - first;
  return { cpuUs: (user + system) / writes, writes, openSeconds };
}

/** Every listener has what a run over all records finds; some are told a little later. */
async function check({ queries, expected }: Workload, { shown }: OpenStore, when: string): Promise<void> {
  const until = performance.now() + SETTLE_MS_MAX;
  const stride = Math.ceil(queries.length / 50);
  for (let i = 0; i < queries.length; i += stride) {
    const wanted = expected(queries[i] as (typeof queries)[number]).join();
    while (shown(i).join() !== wanted) {
      if (performance.now() > until)
        throw new Error(`${when}: query ${i} shows ${shown(i).join()} instead of ${wanted}`);
      await turn();
    }
  }
}
