import { join } from 'node:path';
import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import { type BackupManifest, EmbeddedStore, restoreStore, type StoredRecord } from '@topgun/server';
import { answersAfter, readBack } from '../crash/harness.js';
import { CRASH_MAP, Writer } from '../crash/Writer.js';

/** The server that is rehearsed on: started on a folder, at an address that stays the same, and ended at once. */
export interface RehearsedServer {
  readonly url: string;
  readonly token: string | undefined;
  start(dataDir: string): Promise<void>;
  end(): Promise<void>;
  /** an online backup to a folder */
  backup(to: string): Promise<BackupManifest>;
}

export interface Rehearsal {
  readonly acknowledged: number;
  /** acknowledged when the backup was asked for, and when it was there */
  readonly before: number;
  readonly after: number;
  /** in the backup, and acknowledged by the first server and not in it: what had to heal */
  readonly inBackup: number;
  readonly healed: number;
  readonly backupMs: number;
  /** longest time without any answer while the backup was made */
  readonly pauseMs: number;
  /** what is wrong, none when all is well */
  readonly faults: readonly string[];
}

const CLIENTS = 20;
const OUTSTANDING = 10;

/**
 * Must hold of backups: 20 clients write all the time, each write under a key of its own; in the middle the server is
 * backed up, goes on, is ended, and its clients meet a server that was restored from the backup into a clean folder.
 *
 * The restored folder must be what the first server's folder was at the backup's point: the records of which the offset
 * lies at or before it, each exactly as it stands there (BAK-1, BAK-8). And when the clients have been back, nothing that was ever
 * acknowledged is missing (BAK-9).
 */
export async function rehearse(server: RehearsedServer, folder: string, writes: number): Promise<Rehearsal> {
  const faults: string[] = [];
  const [first, copy, second] = ['first', 'copy', 'second'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const writers: Writer[] = [];
  try {
    await server.start(first);
    for (let i = 0; i < CLIENTS; i++)
      writers.push(new Writer(server.url, server.token, `w${i}`, Number.POSITIVE_INFINITY));
    for (const writer of writers) writer.start(OUTSTANDING);
    await answersAfter(writers, writes);
    const before = acknowledgedBy(writers);
    const watch = watchAnswers(writers);
    const begunMs = performance.now();
    const manifest = await server.backup(copy);
    const backupMs = performance.now() - begunMs;
    const pauseMs = watch();
    const after = acknowledgedBy(writers);
    await answersAfter(writers, writes);
    await server.end();
    const told = acknowledgedBy(writers);
    await restoreStore(copy, second, new Date());
    const [original, restored] = [await recordsIn(first), await recordsIn(second)];
    faults.push(...differences(atPoint(original, manifest), restored));
    for (const key of before.keys())
      if (!restored.has(key)) faults.push(`${key} was acknowledged before the backup and is not in it`);
    await server.start(second);
    for (const writer of writers) await writer.finish();
    const all = acknowledgedBy(writers);
    faults.push(...(await readBack(server.url, server.token, all)));
    const healed = [...told.keys()].filter((key) => !restored.has(key)).length;
    return {
      acknowledged: all.size,
      before: before.size,
      after: after.size,
      inBackup: restored.size,
      healed,
      backupMs,
      pauseMs,
      faults,
    };
  } finally {
    await Promise.allSettled(writers.map((writer) => writer.stop()));
    await server.end();
  }
}

const acknowledgedBy = (writers: readonly Writer[]): Map<string, number> =>
  new Map(writers.flatMap(({ acknowledged }) => [...acknowledged]));

/** Measures the longest time without an answer until the function returned is called. */
function watchAnswers(writers: readonly Writer[]): () => number {
  const total = (): number => writers.reduce((sum, { acknowledgements }) => sum + acknowledgements, 0);
  let longest = 0;
  let last = total();
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const now = total();
    longest = Math.max(longest, performance.now() - lastMs);
    if (now === last) return;
    last = now;
    lastMs = performance.now();
  }, 5);
  return () => {
    clearInterval(timer);
    return longest;
  };
}

async function recordsIn(folder: string): Promise<Map<string, StoredRecord>> {
  const store = new EmbeddedStore({ folder });
  await store.open();
  try {
    const records = new Map<string, StoredRecord>();
    for (let pid = 0; pid < PARTITION_COUNT; pid++)
      await store.scan(pid, (record) => {
        if (record.map === CRASH_MAP) records.set(record.key, record);
      });
    return records;
  } finally {
    await store.close();
  }
}

/** What the server held at the point of the backup: no key was written twice, so each record stands at its first offset. */
function atPoint(
  records: ReadonlyMap<string, StoredRecord>,
  { positions }: BackupManifest,
): Map<string, StoredRecord> {
  const reached = new Map(positions.map(([pid, epoch, n]) => [pid, { epoch, n }]));
  return new Map(
    [...records].filter(([key, { epoch, n }]) => {
      const point = reached.get(partitionOf(key));
      return point !== undefined && (epoch < point.epoch || (epoch === point.epoch && n <= point.n));
    }),
  );
}

function differences(
  expected: ReadonlyMap<string, StoredRecord>,
  found: ReadonlyMap<string, StoredRecord>,
): string[] {
  const faults: string[] = [];
  for (const [key, record] of expected)
    if (JSON.stringify(found.get(key)) !== JSON.stringify(record))
      faults.push(`${key} is not restored as it stood at the point of the backup`);
  for (const key of found.keys())
    if (!expected.has(key)) faults.push(`${key} is of a time after the point of the backup`);
  return faults;
}
