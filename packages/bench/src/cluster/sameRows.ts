import { partitionOf } from '@topgun/core';
import { serialize } from '@topgun/protocol';
import { migrate } from '@topgun/server/internal/storage/postgres/migrate';
import pg from 'pg';
import { benchRecord } from '../records.js';
import { ownKeys } from '../server/ownKeys.js';
import { type CpuAnswer, cpuAnswer, type LoadAnswer } from '../server/requests.js';

export type SameRowsRequest =
  | {
      readonly what: 'start';
      readonly url: string;
      readonly clients: number;
      readonly opsPerFrame: number;
      readonly keysPerClient: number;
    }
  /** so many ops to a commit */
  | { readonly what: 'run'; readonly opsPerCommit: number; readonly milliseconds: number }
  | { readonly what: 'cpu' };

/** The function that the server calls, too: fence FOR SHARE, offsets of the partitions, records, dedup rows. */
const PARAMETERS = 48;
const COMMIT = `select commit_shared(${Array.from({ length: PARAMETERS }, (_, i) => `$${i + 1}`).join(', ')})`;
/** those of purges, counters and facts */
const NOTHING = (columns: number): readonly (readonly never[])[] => Array.from({ length: columns }, () => []);
const ABOUT = Buffer.from(serialize(['bench', null]));
const TAG = Buffer.alloc(0);
/** as many as a client of the load has in flight */
const UNSETTLED_FRAMES = 2;

interface Writer {
  readonly client: string;
  readonly session: string;
  readonly node: Buffer;
  readonly keys: readonly { readonly pid: number; readonly bytes: Buffer }[];
  seq: number;
}

let client: pg.Client | undefined;
let writers: readonly Writer[] = [];
let opsPerFrame = 20;
/** frames that were taken into commits so far */
let frames = 0;
const offsets = new Map<number, number>();

/**
 * What is stored of the load, by `pg` alone: the same rows into the same tables, by the same statements, in one prepared statement over one connection, with arrays
 * as the driver writes them. It has the ops in its memory: value and dedup entry are made as MessagePack, and nothing is received, judged, hashed, summed or answered.
 */
export async function sameRows(request: SameRowsRequest): Promise<CpuAnswer | LoadAnswer> {
  if (request.what === 'cpu') return cpuAnswer();
  if (request.what === 'start') {
    client = await opened(request.url);
    opsPerFrame = request.opsPerFrame;
    writers = Array.from({ length: request.clients }, (_, index) => writerOf(index, request.keysPerClient));
    return cpuAnswer();
  }
  if (client === undefined) throw new Error('not started');
  const started = performance.now();
  let ops = 0;
  while (performance.now() - started < request.milliseconds)
    ops += await commit(client, Math.max(1, Math.round(request.opsPerCommit / opsPerFrame)));
  return { frames: ops / opsPerFrame, ops, seconds: (performance.now() - started) / 1000 };
}

async function opened(url: string): Promise<pg.Client> {
  const made = new pg.Client({ connectionString: url, options: '-c search_path=topgun' });
  await made.connect();
  await migrate(made, 'topgun');
  await made.query("insert into fences (name, number, holder) values ('bench', 1, 'bench')");
  return made;
}

function writerOf(index: number, keysPerClient: number): Writer {
  const session = `bench${index}`.padEnd(11, 'A');
  const keys = ownKeys(session, keysPerClient).map((key) => ({
    pid: partitionOf(key),
    bytes: Buffer.from(key),
  }));
  const name = `bench-client-${index}`.padEnd(22, 'A');
  return { client: name, session, node: Buffer.from(session), keys, seq: 0 };
}

interface Row {
  readonly writer: Writer;
  readonly seq: number;
  readonly pid: number;
  readonly key: Buffer;
  readonly t: number;
  readonly n: number;
}

/** One commit of so many frames, of one client after the other; the number of its ops. */
async function commit(to: pg.Client, count: number): Promise<number> {
  const rows: Row[] = [];
  const now = Date.now() * 2048;
  for (let nth = 0; nth < count; nth++) {
    const writer = writers[frames++ % writers.length] as Writer;
    for (let op = 0; op < opsPerFrame; op++) {
      const seq = ++writer.seq;
      const { pid, bytes: key } = writer.keys[seq % writer.keys.length] as Writer['keys'][number];
      const n = (offsets.get(pid) ?? 0) + 1;
      offsets.set(pid, n);
      rows.push({ writer, seq, pid, key, t: now + (seq % 2048), n });
    }
  }
  const pids = [...new Set(rows.map(({ pid }) => pid))];
  const dedup = bySession(rows);
  const of = <T>(column: (row: Row) => T): readonly T[] => rows.map(column);
  const { rowCount } = await to.query({
    name: 'commit',
    text: COMMIT,
    values: [
      'bench',
      1,
      pids,
      pids.map(() => 1),
      pids.map((pid) => offsets.get(pid)),
      ...NOTHING(6),
      of(({ pid }) => pid),
      of(() => 'bench'),
      of(({ key }) => key),
      of(() => TAG),
      of(() => 0),
      of(() => 0),
      of(({ t }) => t),
      of(({ writer }) => writer.node),
      of(() => false),
      of(({ seq }) => seq * 7919),
      of(() => null),
      of(() => 1),
      of(({ n }) => n),
      of(({ seq }) => Buffer.from(serialize(benchRecord(seq)))),
      of(() => ABOUT),
      of(({ seq }) => seq * 104_729),
      ...NOTHING(12),
      dedup.map(([{ pid }]) => pid),
      dedup.map(([{ writer }]) => writer.client),
      dedup.map(([{ writer }]) => writer.session),
      dedup.map(([{ seq }]) => Math.max(1, seq - opsPerFrame * UNSETTLED_FRAMES)),
      dedup.map(entriesOf),
      ...NOTHING(4),
    ],
  });
  if (rowCount !== 1) throw new Error('the commit has not been made');
  return rows.length;
}

type Entries = [Row, ...Row[]];

/** Ops of one client in one partition share a dedup row. */
function bySession(rows: readonly Row[]): readonly Entries[] {
  const found = new Map<Writer, Map<number, Entries>>();
  for (const row of rows) {
    const byPid = found.get(row.writer) ?? new Map<number, Entries>();
    found.set(row.writer, byPid);
    const entries = byPid.get(row.pid);
    if (entries === undefined) byPid.set(row.pid, [row]);
    else entries.push(row);
  }
  return [...found.values()].flatMap((byPid) => [...byPid.values()]);
}

function entriesOf(rows: Entries): string {
  const told = rows.map(({ writer, seq, t, n }): readonly [number, string] => {
    const entry = [0, t, writer.session, n, 1, seq * 7919, null, null, 4];
    return [seq, Buffer.from(serialize(entry)).toString('base64')];
  });
  return JSON.stringify(Object.fromEntries(told));
}
