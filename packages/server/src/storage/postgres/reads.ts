import { deserialize } from '@topgun/protocol';
import type { Pool } from 'pg';
import type { DedupRow, DedupState, GcMarks, Offset, SharedState, StoredRecord } from '../Store.js';
import { FORGOTTEN } from '../Store.js';
import { fromUnitBytes } from './codeUnits.js';
import { unpackEntries } from './commitRows.js';
import { ReadAhead } from './ReadAhead.js';
import { fromRow, type RecordRow } from './recordRow.js';

type Asked = Pick<Pool, 'query'>;

const COLUMNS = 'map, key, tag, kind, first, t, node, gone, ttl, epoch, n, plus, minus, body, about, sum';

/** Of a dedup entry, about. */
const ENTRY_BYTES = 100;

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

type PlacedRecord = RecordRow & { readonly pid: number };

const NOTHING = Buffer.alloc(0);

/** Reads the records of partitions, in the order of their names. */
export function recordPages(asked: () => Asked): ReadAhead<PlacedRecord> {
  return new ReadAhead(
    async (pid, after, count, last) => {
      const place = after === undefined ? ['', NOTHING, NOTHING] : [after.map, after.key, after.tag];
      const { rows } = await asked().query<PlacedRecord>({
        name: 'scan',
        text: `select pid, ${COLUMNS} from records where (pid, map, key, tag) > ($1, $2, $3, $4) and pid <= $6
          order by pid, map, key, tag limit $5`,
        values: [pid, ...place, count, last],
      });
      return rows;
    },
    ({ body, key }) => (body?.length ?? 0) + key.length,
  );
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

type PlacedDedup = DedupColumns & { readonly pid: number };

/** Reads the dedup rows of partitions. */
export function dedupPages(asked: () => Asked): ReadAhead<PlacedDedup> {
  return new ReadAhead(
    async (pid, after, count, last) => {
      const { rows } = await asked().query<PlacedDedup>({
        name: 'dedup scan',
        text: `select pid, client, session, settled_below, entries from dedup
          where (pid, client, session) > ($1, $2, $3) and pid <= $6 and settled_below < $4
          order by pid, client, session limit $5`,
        values: [pid, after?.client ?? '', after?.session ?? '', FORGOTTEN, count, last],
      });
      return rows;
    },
    ({ entries }) => Object.keys(entries).length * ENTRY_BYTES,
  );
}

export function toDedupRow({ client, session, settled_below, entries }: PlacedDedup): DedupRow {
  return { clientId: client, session, settledBelow: settled_below, entries: unpackEntries(entries) };
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

interface FactColumns {
  readonly incarnation: string;
  readonly revision: number;
  readonly pruned: number;
  /** null: there is no fact to tell */
  readonly name: Buffer | null;
  /** null: the fact was taken back */
  readonly value: Buffer | null;
}

/** What has become of facts since a revision, with the life and the revision of the same moment; `pruned`: what was taken back up to there is not known. */
export async function readFacts(
  asked: Asked,
  after: number,
): Promise<Pick<SharedState, 'incarnation' | 'revision' | 'facts'> & { readonly pruned: number }> {
  const { rows } = await asked.query<FactColumns>({
    name: 'facts',
    text: `select s.incarnation, r.revision, r.pruned, f.name, f.value from facts_revision r cross join store s
      left join (
        select name, value from facts where revision > $1
        union all select name, null from facts_gone where revision > $1
      ) f on true
      where r.id = 1 and s.id = 1`,
    values: [after],
  });
  // There is always a first row, which carries what they share.
  const { incarnation, revision, pruned } = rows[0] as FactColumns;
  const facts = new Map<string, unknown>();
  for (const { name, value } of rows)
    if (name !== null) facts.set(name.toString('utf8'), value === null ? null : deserialize(value));
  return { incarnation, revision, pruned, facts };
}

/** Before the first revision: all facts there are. */
export const ALL_FACTS = -1;
