import { deserialize, LIMITS } from '@topgun/protocol';
import type { Pool } from 'pg';
import type { DedupRow, DedupState, GcMarks, Offset, StoredRecord } from '../Store.js';
import { FORGOTTEN } from '../Store.js';
import { fromUnitBytes } from './codeUnits.js';
import { unpackEntries } from './commitRows.js';
import { fromRow, type RecordRow } from './recordRow.js';

type Asked = Pick<Pool, 'query'>;

const COLUMNS = 'map, key, tag, kind, first, t, node, gone, ttl, epoch, n, plus, minus, body, about, sum';

/** Bytes of values read at once, about: a page of large ones has few rows. */
const PAGE_BYTES = 4 * 1024 * 1024;

export async function readRecord(
  asked: Asked,
  pid: number,
  map: string,
  key: string,
  tag: string | undefined,
): Promise<StoredRecord | undefined> {
  const { rows } = await asked.query<RecordRow>({
    name: 'read',
    text: `select ${COLUMNS} from records where pid = $1 and map = $2 and key = $3 and tag = $4`,
    values: [pid, map, Buffer.from(key, 'utf8'), Buffer.from(tag ?? '', 'utf8')],
  });
  return rows[0] && fromRow(rows[0]);
}

/** The records of a partition in the order of their names, page by page. */
export async function* recordsOf(asked: Asked, pid: number): AsyncGenerator<readonly StoredRecord[]> {
  let after: readonly [string, Buffer, Buffer] = ['', Buffer.alloc(0), Buffer.alloc(0)];
  let count = 100;
  for (;;) {
    const { rows } = await asked.query<RecordRow>({
      name: 'scan',
      text: `select ${COLUMNS} from records where pid = $1 and (map, key, tag) > ($2, $3, $4) order by map, key, tag limit $5`,
      values: [pid, ...after, count],
    });
    yield rows.map(fromRow);
    const last = rows.at(-1);
    if (last === undefined || rows.length < count) return;
    after = [last.map, last.key, last.tag];
    const bytes = rows.reduce((sum, { body }) => sum + (body?.length ?? 0), 1);
    count = Math.max(1, Math.min(LIMITS.databaseReadCount, Math.floor((count * PAGE_BYTES) / bytes)));
  }
}

export async function readChanges(
  asked: Asked,
  pid: number,
  after: Offset,
  limit: number,
): Promise<readonly StoredRecord[]> {
  const { rows } = await asked.query<RecordRow>({
    name: 'changes',
    text: `select ${COLUMNS} from records where pid = $1 and (epoch, n) > ($2, $3)
      order by epoch, n fetch first ($4::bigint) rows with ties`,
    values: [pid, after.epoch, after.n, limit],
  });
  return rows.map(fromRow);
}

interface DedupColumns {
  readonly client: string;
  readonly session: string;
  readonly settled_below: number;
  readonly entries: Readonly<Record<string, string>>;
}

export async function readDedupRow(
  asked: Asked,
  pid: number,
  client: string,
  session: string,
): Promise<DedupState | undefined> {
  const { rows } = await asked.query<DedupColumns>({
    name: 'dedup',
    text: 'select settled_below, entries from dedup where pid = $1 and client = $2 and session = $3 and settled_below < $4',
    values: [pid, client, session, FORGOTTEN],
  });
  return rows[0] && { settledBelow: rows[0].settled_below, entries: unpackEntries(rows[0].entries) };
}

/** The dedup rows of a partition, page by page. */
export async function* dedupOf(asked: Asked, pid: number): AsyncGenerator<readonly DedupRow[]> {
  let after: readonly [string, string] = ['', ''];
  for (;;) {
    const { rows } = await asked.query<DedupColumns>({
      name: 'dedup scan',
      text: `select client, session, settled_below, entries from dedup
        where pid = $1 and (client, session) > ($2, $3) and settled_below < $4 order by client, session limit $5`,
      values: [pid, ...after, FORGOTTEN, LIMITS.databaseReadCount],
    });
    yield rows.map((row) => ({
      clientId: row.client,
      session: row.session,
      settledBelow: row.settled_below,
      entries: unpackEntries(row.entries),
    }));
    const last = rows.at(-1);
    if (last === undefined || rows.length < LIMITS.databaseReadCount) return;
    after = [last.client, last.session];
  }
}

interface PartitionColumns extends Offset {
  readonly pid: number;
  readonly floor_t: number | null;
  readonly floor_node: Buffer | null;
  readonly gc_epoch: number;
  readonly gc_n: number;
  readonly gc_repaired: number;
}

/** How far every partition has got, and how far its deletions are purged. */
export async function readPartitions(asked: Asked): Promise<{
  readonly partitions: ReadonlyMap<number, Offset>;
  readonly gc: ReadonlyMap<number, GcMarks>;
}> {
  const { rows } = await asked.query<PartitionColumns>('select * from partitions');
  const partitions = new Map<number, Offset>();
  const gc = new Map<number, GcMarks>();
  for (const { pid, epoch, n, floor_t, floor_node, gc_epoch, gc_n, gc_repaired } of rows) {
    partitions.set(pid, { epoch, n });
    if (floor_t === null || floor_node === null) continue;
    gc.set(pid, {
      floor: { t: floor_t, node: fromUnitBytes(floor_node) },
      offset: { epoch: gc_epoch, n: gc_n },
      ...(gc_repaired > 0 && { repaired: gc_repaired }),
    });
  }
  return { partitions, gc };
}

export async function readFacts(asked: Asked): Promise<ReadonlyMap<string, unknown>> {
  const { rows } = await asked.query<{ name: Buffer; value: Buffer }>('select name, value from facts');
  return new Map(rows.map(({ name, value }) => [name.toString('utf8'), deserialize(value)]));
}
