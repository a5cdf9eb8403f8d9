import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { type Child, startChild } from './child.js';
import type { Bar } from './coreBench.js';
import { postgresCpu } from './database/postgresCpu.js';
import type { CpuAnswer, LoadAnswer, LoadRequest } from './server/requests.js';
import { median, short } from './statistics.js';

const CLIENTS = 200;
const BATCH = 20;

interface Figures {
  /** of all that serves, without the clients */
  readonly cpuMicrosPerOp: number;
  /** of it PostgreSQL */
  readonly databaseMicrosPerOp: number;
  readonly opsPerSecond: number;
}

/** Durable writes of 200 clients in batches of 20: a server over PostgreSQL, the embedded one, and the same rows by `pg` alone. */
export async function databaseBench(rounds: number, seconds: number): Promise<Bar[]> {
  const byName = new Map<string, Figures[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(contests))
      byName.set(name, [...(byName.get(name) ?? []), await measure(seconds)]);
  }
  const figure = (name: string, of: (f: Figures) => number): number =>
    median((byName.get(name) ?? []).map(of));
  console.log(
    `Databases: batches of ${BATCH}, every answer flushed to disk first; CPU of server and PostgreSQL together`,
  );
  console.log(
    `${''.padEnd(28)}${'CPU µs/op'.padStart(12)}${'of it PG'.padStart(12)}${'ops/s wall'.padStart(12)}`,
  );
  for (const name of Object.keys(contests)) {
    const cpu = figure(name, (f) => f.cpuMicrosPerOp).toFixed(1);
    const database = figure(name, (f) => f.databaseMicrosPerOp).toFixed(1);
    const perSecond = short(figure(name, (f) => f.opsPerSecond));
    console.log(`${name.padEnd(28)}${cpu.padStart(12)}${database.padStart(12)}${perSecond.padStart(12)}`);
  }
  const value = figure(OVER_POSTGRES, (f) => f.cpuMicrosPerOp) / figure(PG_ALONE, (f) => f.cpuMicrosPerOp);
  return [{ name: 'CPU of an op over PostgreSQL ≤ 1.7 × pg alone', value, holds: value <= 1.7 }];
}

const OVER_POSTGRES = 'TopGun over PostgreSQL';
const PG_ALONE = 'pg alone, 20 ops at once';
/** About what the server commits at once when 200 clients press it. */
const LARGE_BATCH = 500;

const contests: Record<string, (seconds: number) => Promise<Figures>> = {
  [PG_ALONE]: (seconds) => withPostgres((postgres) => alone(postgres, seconds, BATCH)),
  [`pg alone, ${LARGE_BATCH} at once`]: (seconds) =>
    withPostgres((postgres) => alone(postgres, seconds, LARGE_BATCH)),
  [OVER_POSTGRES]: (seconds) => withPostgres((postgres) => served(seconds, postgres)),
  'TopGun, embedded store': (seconds) => served(seconds),
};

async function withPostgres(measure: (postgres: Postgres) => Promise<Figures>): Promise<Figures> {
  const postgres = await startPostgres({ durable: true });
  try {
    return await measure(postgres);
  } finally {
    await postgres.stop();
  }
}

async function alone(postgres: Postgres, seconds: number, batch: number): Promise<Figures> {
  const child = startChild('pg-alone');
  try {
    await child.ask({ what: 'start', url: postgres.url, batch });
    return await measured(
      (milliseconds) => child.ask<LoadAnswer>({ what: 'run', milliseconds }),
      child,
      postgres,
      seconds,
    );
  } finally {
    child.stop();
  }
}

async function served(seconds: number, postgres?: Postgres): Promise<Figures> {
  const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
  const server = startChild('topgun-server');
  const client = startChild('load');
  try {
    const config = postgres && { databaseUrl: postgres.url };
    const { port } = await server.ask<{ port: number }>({ what: 'start', folder, config });
    const request: LoadRequest = {
      what: 'connect',
      ports: [port],
      clients: CLIENTS,
      opsPerFrame: BATCH,
      window: 2,
      milliseconds: 0,
    };
    await client.ask(request);
    return await measured(
      (milliseconds) => client.ask<LoadAnswer>({ ...request, what: 'run', milliseconds }),
      server,
      postgres,
      seconds,
    );
  } finally {
    client.stop();
    server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** After two seconds to get warm. */
async function measured(
  run: (milliseconds: number) => Promise<LoadAnswer>,
  server: Child,
  postgres: Postgres | undefined,
  seconds: number,
): Promise<Figures> {
  const cpu = async (): Promise<readonly [own: number, database: number]> => [
    (await server.ask<CpuAnswer>({ what: 'cpu' })).cpuSeconds,
    postgres === undefined ? 0 : postgresCpu(postgres.processId()),
  ];
  await run(2_000);
  const before = await cpu();
  const { ops, seconds: took } = await run(seconds * 1_000);
  const after = await cpu();
  const databaseMicrosPerOp = ((after[1] - before[1]) * 1e6) / ops;
  return {
    cpuMicrosPerOp: ((after[0] - before[0]) * 1e6) / ops + databaseMicrosPerOp,
    databaseMicrosPerOp,
    opsPerSecond: ops / took,
  };
}
