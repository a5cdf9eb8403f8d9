import { partitionOf } from '@topgun/core';
import { serialize } from '@topgun/protocol';
import pg from 'pg';
import { benchKeys, benchRecord } from '../records.js';
import { type CpuAnswer, cpuAnswer, type LoadAnswer } from '../server/requests.js';

export type PgRequest =
  | { readonly what: 'start'; readonly url: string; readonly batch: number }
  | { readonly what: 'run'; readonly milliseconds: number }
  | { readonly what: 'cpu' };

const KEYS = 100_000;
const CLIENTS = 200;

const SCHEMA = `
  create schema alone; set search_path = alone;
  create table fence (name text primary key, number bigint not null);
  insert into fence values ('server', 1);
  create table high (pid smallint primary key, epoch bigint not null, n bigint not null);
  create table record (
    pid smallint not null, map text not null, key text not null, t bigint not null, node text not null,
    epoch bigint not null, n bigint not null, value bytea, primary key (pid, map, key)
  );
  create index on record (pid, epoch, n);
  create table dedup (
    pid smallint not null, client text not null, session text not null, seq bigint not null, outcome smallint not null,
    t bigint not null, n bigint not null, fingerprint bigint not null, primary key (pid, client, session, seq)
  );`;

const HIGH = `insert into high as h select * from unnest($1::smallint[], $2::bigint[], $3::bigint[]) as x (pid, epoch, n) order by pid
  on conflict (pid) do update set epoch = excluded.epoch, n = excluded.n where (excluded.epoch, excluded.n) > (h.epoch, h.n)`;
const RECORD = `insert into record as r
  select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::bytea[])
    as x (pid, map, key, t, node, epoch, n, value) order by pid, map, key
  on conflict (pid, map, key) do update
  set t = excluded.t, node = excluded.node, epoch = excluded.epoch, n = excluded.n, value = excluded.value
  where (excluded.t, excluded.node) > (r.t, r.node)`;
const DEDUP = `insert into dedup
  select * from unnest($1::smallint[], $2::text[], $3::text[], $4::bigint[], $5::smallint[], $6::bigint[], $7::bigint[], $8::bigint[])
    as x (pid, client, session, seq, outcome, t, n, fingerprint) order by pid, client, session, seq
  on conflict do nothing`;

let client: pg.Client | undefined;
/** ops of one transaction */
let batch = 20;
let seq = 0;
const keys = benchKeys(KEYS);

/** What a server over PostgreSQL cannot do without, and nothing else: prepared statements on one connection. */
export async function pgAlone(request: PgRequest): Promise<CpuAnswer | LoadAnswer> {
  if (request.what === 'cpu') return cpuAnswer();
  if (request.what === 'start') {
    batch = request.batch;
    client = new pg.Client({ connectionString: request.url });
    await client.connect();
    await client.query(SCHEMA);
    return cpuAnswer();
  }
  if (client === undefined) throw new Error('not started');
  const started = performance.now();
  let frames = 0;
  while (performance.now() - started < request.milliseconds) {
    await commitBatch(client);
    frames++;
  }
  return { frames, ops: frames * batch, seconds: (performance.now() - started) / 1000 };
}

async function commitBatch(to: pg.Client): Promise<void> {
  const ops = Array.from({ length: batch }, () => {
    const at = seq++;
    const key = keys[at % KEYS] ?? '';
    return {
      at,
      key,
      pid: partitionOf(key),
      who: `bench${at % CLIENTS}`.padEnd(22, 'A'),
      t: Date.now() * 2048,
    };
  });
  const highs = new Map(ops.map(({ pid, at }) => [pid, at]));
  await to.query('begin');
  const fence = await to.query({
    name: 'fence',
    text: "select from fence where name = 'server' and number = $1 for share",
    values: [1],
  });
  if (fence.rowCount !== 1) throw new Error('fenced');
  const pids = [...highs.keys()];
  await to.query({ name: 'high', text: HIGH, values: [pids, pids.map(() => 1), [...highs.values()]] });
  await to.query({
    name: 'record',
    text: RECORD,
    values: [
      ops.map(({ pid }) => pid),
      ops.map(() => 'bench'),
      ops.map(({ key }) => key),
      ops.map(({ t }) => t),
      ops.map(({ who }) => who.slice(0, 11)),
      ops.map(() => 1),
      ops.map(({ at }) => at),
      ops.map(({ at }) => Buffer.from(serialize(benchRecord(at)))),
    ],
  });
  await to.query({
    name: 'dedup',
    text: DEDUP,
    values: [
      ops.map(({ pid }) => pid),
      ops.map(({ who }) => who),
      ops.map(({ who }) => who.slice(0, 11)),
      ops.map(({ at }) => at),
      ops.map(() => 0),
      ops.map(({ t }) => t),
      ops.map(({ at }) => at),
      ops.map(({ at }) => at * 7919),
    ],
  });
  await to.query('commit');
}
