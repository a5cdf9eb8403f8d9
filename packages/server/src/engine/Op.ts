import { hashString, hashValue, partitionOf, xorHash } from '@topgun/core';
import { type Concern, OP, type OpCode, type OpRow, type SubRow } from '@topgun/protocol';
import type { DedupEntry } from '../storage/Store.js';
import type { Connection } from './Connection.js';
import type { DedupSession } from './DedupTable.js';
import { itemOf } from './Row.js';

/** An op on its way: as it came, and once it is staged what became of it. */
export class Op {
  readonly conn: Connection;
  readonly session: DedupSession<Op>;
  readonly row: OpRow;
  /** the frame's table of maps */
  readonly maps: readonly string[];
  readonly concern: Concern;
  readonly pid: number;
  /** in their order: the op itself, or each write of a transaction */
  readonly writes: readonly Write[];
  readonly fingerprint: number;
  /** set when the op is staged */
  entry: DedupEntry | undefined;
  /** its writer was told early (SRV-9), which happens once however often it is admitted */
  isAnnounced = false;
  /** other connections that sent the same op and wait for the same answer */
  joined: Connection[] | undefined;

  constructor(
    conn: Connection,
    session: DedupSession<Op>,
    row: OpRow,
    maps: readonly string[],
    concern: Concern,
  ) {
    this.conn = conn;
    this.session = session;
    this.row = row;
    this.maps = maps;
    this.concern = concern;
    this.pid = partitionOf(row[3]);
    this.writes = writesOf(row);
    this.fingerprint = fingerprintOf(row, maps);
  }

  get seq(): number {
    return this.row[0];
  }

  /** One more connection waits for the answer; the same one is answered once. */
  join(conn: Connection): void {
    if (conn === this.conn || this.joined?.includes(conn)) return;
    if (this.joined === undefined) this.joined = [conn];
    else this.joined.push(conn);
  }
}

/** One write of an op: the op itself, or each write of a transaction. */
export type Write = SubRow;

/** The name of the map that a write of the op is about; the guard of the protocol checked the index. */
export const mapOf = (op: Op, mapIdx: number): string => op.maps[mapIdx] as string;

function writesOf(row: OpRow): readonly Write[] {
  const [, op, mapIdx, key, , base, payload, ttlMs] = row;
  // The guard of the protocol checked both shapes.
  if (op === OP.TRANSACTION) return payload as readonly SubRow[];
  return [[op, mapIdx, key, base, payload, ttlMs ?? null]];
}

/** The tag that an add makes: the op id, with the place inside a transaction (DAT-1). */
export function tagOf(op: Op, at: number): string {
  const id = `${op.session.clientId}:${op.session.session}:${op.seq}`;
  return op.row[1] === OP.TRANSACTION ? `${id}:${at}` : id;
}

/** The items whose rows an answer may show: those a write decides about, except elements it removes. */
export function itemsOf(op: Op): readonly (readonly [map: string, item: string, code: OpCode])[] {
  return op.writes.flatMap(([code, mapIdx, key], at) => {
    if (code === OP.OR_REMOVE) return [];
    return [[mapOf(op, mapIdx), itemOf(key, code === OP.OR_ADD ? tagOf(op, at) : undefined), code] as const];
  });
}

/** Covers map, key, kind of op and payload; never stamp, base, or time to live (ID-2). */
function fingerprintOf(row: OpRow, maps: readonly string[]): number {
  const [, code, mapIdx, key, , , payload] = row;
  if (code !== OP.TRANSACTION) return fingerprintOfWrite(code, maps[mapIdx], key, payload);
  // The guard of the protocol checked the shape.
  const writes = payload as readonly SubRow[];
  // The place goes in, because an order-free sum would not see two writes that change places.
  return writes.reduce((sum, [sub, subMap, subKey, , subPayload], at) => {
    return xorHash(sum, fingerprintOfWrite(`${sub}.${at}`, maps[subMap], subKey, subPayload));
  }, 0);
}

function fingerprintOfWrite(
  code: OpCode | string,
  map: string | undefined,
  key: string,
  payload: unknown,
): number {
  return hashString(`${code}/${map}/${hashValue(payload ?? null)}/${key}`);
}
