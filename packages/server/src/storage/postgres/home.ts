import { randomBytes } from 'node:crypto';
import type { ClientBase } from 'pg';
import { epochLeapAt } from '../epochLeap.js';
import { sqlStateOf } from './faults.js';

/**
 * How a store knows that its tables lie where it left them (INC-1). A restored dump has tables of other numbers, a copy of a database
 * another number itself, a restored or promoted server another timeline, whose beginning may lack the end of the one before. What cannot
 * be known here: a disk set back as a whole, by a snapshot. The places that clients present tell then (INC-2).
 */
const PLACE = `select
  (select oid from pg_database where datname = current_database())::text as base,
  to_regclass('store')::oid::text as tables,
  pg_is_in_recovery() as standby`;

/** Some hosts keep these to themselves; then tables and database have to do. */
const SERVER = `select
  (select system_identifier::text from pg_control_system()) as system,
  case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline`;

export interface Home {
  readonly text: string;
  /** it follows another server, and takes no writes */
  readonly isStandby: boolean;
}

export async function readHome(client: ClientBase): Promise<Home> {
  const { rows } = await client.query(PLACE);
  const { base, tables, standby } = rows[0];
  const server = await client.query(SERVER).then(
    (found) => found.rows[0],
    (error: unknown) => {
      if (sqlStateOf(error) !== '42501') throw error;
      return { system: '', timeline: '' };
    },
  );
  return { text: [server.system, server.timeline, base, tables].join('/'), isStandby: standby };
}

export interface Life {
  readonly incarnation: string;
  readonly renewedFrom?: string;
  readonly renewedAtMs?: number;
}

/** The life of what lies in the tables: drawn with them, and drawn anew where they are found in another home. */
export async function openLife(client: ClientBase, home: string): Promise<Life> {
  // Of servers that start together one draws it.
  const drawn = drawIncarnation();
  const { rowCount } = await client.query(
    'insert into store (id, incarnation, home) values (1, $1, $2) on conflict (id) do nothing',
    [drawn, home],
  );
  if (rowCount === 1) return { incarnation: drawn };
  const { rows } = await client.query('select incarnation, home, renewed_at_ms from store where id = 1');
  const stored = rows[0];
  const renewedAtMs: number | null = stored.renewed_at_ms;
  if (stored.home === home)
    return { incarnation: stored.incarnation, ...(renewedAtMs !== null && { renewedAtMs }) };
  const atMs = Date.now();
  const incarnation = await renewLife(client, atMs, stored.incarnation, home);
  return { incarnation, renewedFrom: stored.incarnation, renewedAtMs: atMs };
}

/**
 * Begins a new life; in another home, if one is given. `from`: of nodes that find out together that time was lost, one begins it, and the
 * others are told which. Epochs of the lost time may be known to devices: those that are given from now on lie above them.
 */
export async function renewLife(
  client: Pick<ClientBase, 'query'>,
  atMs: number,
  from?: string,
  home?: string,
): Promise<string> {
  const { rows } = await client.query('select renew_life($1, $2, $3, $4, $5) as incarnation', [
    drawIncarnation(),
    atMs,
    home ?? null,
    from ?? null,
    epochLeapAt(atMs),
  ]);
  return rows[0].incarnation;
}

const drawIncarnation = (): string => randomBytes(16).toString('base64url');
