import { hashValue, itemDigest, partitionOf, xorHash } from '@topgun/core';
import { type Base, type Concern, OP, type OpCode, type OpRow, type SubRow } from '@topgun/protocol';
import type { Connection } from './Connection.js';
import type { DedupSession, OpEntry } from './DedupTable.js';
import { itemOf, type Row } from './Row.js';
import type { Screened } from './Screened.js';

/** One write of an op: the op itself, or each write of a transaction. */
export interface Write {
  readonly code: OpCode;
  /** into the frame's table of maps */
  readonly mapIdx: number;
  readonly key: string;
  /** the version it was made on, as the writer says */
  readonly base: Base;
  readonly payload: unknown;
  readonly ttlMs: number | undefined;
}

/**
 * An op on its way: as it came, and once it is staged what became of it. Many wait for their flush at a time, so what
 * it needs of its frame lies in the op itself and the frame's arrays are free to go.
 */
export class Op implements Write {
  readonly conn: Connection;
  readonly session: DedupSession<Op>;
  /** the frame's table of maps */
  readonly maps: readonly string[];
  readonly concern: Concern;
  readonly seq: number;
  readonly code: OpCode;
  readonly mapIdx: number;
  readonly key: string;
  readonly pid: number;
  /** of its stamp: packed time and node id */
  readonly t: number;
  readonly node: string;
  readonly base: Base;
  readonly payload: unknown;
  readonly ttlMs: number | undefined;
  /** set when the op is staged */
  entry: OpEntry | undefined;
  /** its share of the frame that it came in, about */
  readonly bytes: number;
  /** its writer was told early (SRV-9), which happens once however often it is admitted */
  isAnnounced = false;
  /** what the program said of it (INT-3); undefined until it was asked */
  screened: Screened | undefined;
  /** other connections that sent the same op and wait for the same answer */
  joined: Connection[] | undefined;

  constructor(
    conn: Connection,
    session: DedupSession<Op>,
    row: OpRow,
    maps: readonly string[],
    concern: Concern,
    bytes = 0,
  ) {
    this.conn = conn;
    this.session = session;
    this.maps = maps;
    this.concern = concern;
    this.seq = row[0];
    this.code = row[1];
    this.mapIdx = row[2];
    this.key = row[3];
    this.pid = partitionOf(row[3]);
    this.t = row[4];
    this.node = row[8] ?? session.session;
    this.base = row[5];
    this.payload = row[6];
    this.ttlMs = row[7] ?? undefined;
    this.bytes = bytes;
    this.entry = undefined;
    this.screened = undefined;
    this.joined = undefined;
  }

  /** How many writes it makes. */
  get writeCount(): number {
    return this.code === OP.TRANSACTION ? this.#subRows.length : 1;
  }

  /** One of its writes, in their order, with the value that is judged. */
  writeAt(at: number): Write {
    const values = this.screened?.values;
    if (values === undefined) return this.#sentAt(at);
    const { code, mapIdx, key, base, ttlMs } = this.#sentAt(at);
    return { code, mapIdx, key, base, payload: values[at], ttlMs };
  }

  /** One of its writes, as it came. */
  #sentAt(at: number): Write {
    if (this.code !== OP.TRANSACTION) return this;
    const [code, mapIdx, key, base, payload, ttlMs] = this.#subRows[at] as SubRow;
    return { code, mapIdx, key, base, payload, ttlMs: ttlMs ?? undefined };
  }

  /**
   * Covers map, key, kind of op and payload as they came; never stamp, base, or time to live (ID-2). A row that holds the payload
   * lends its hash.
   */
  fingerprint(row?: Row): number {
    if (this.code !== OP.TRANSACTION) {
      const hash = row !== undefined && row.value === this.payload ? row.valueHash() : undefined;
      return this.#fingerprintOf(this, this.code, hash);
    }
    let sum = 0;
    // The place goes in, because an order-free sum would not see two writes that change places.
    for (let at = 0; at < this.writeCount; at++) {
      const write = this.#sentAt(at);
      sum = xorHash(sum, this.#fingerprintOf(write, write.code + (at + 1) * CODES));
    }
    return sum;
  }

  /** The digest of an item whose time is the kind of op and whose node is the map: each part goes in, and no text is made. */
  #fingerprintOf({ mapIdx, key, payload }: Write, code: number, hash = hashValue(payload ?? null)): number {
    return itemDigest(key, code, mapOf(this, mapIdx), undefined, hash);
  }

  get #subRows(): readonly SubRow[] {
    // The guard of the protocol checked the shape.
    return this.payload as readonly SubRow[];
  }

  /** One more connection waits for the answer; the same one is answered once. */
  join(conn: Connection): void {
    if (conn === this.conn || this.joined?.includes(conn)) return;
    if (this.joined === undefined) this.joined = [conn];
    else this.joined.push(conn);
  }
}

/** The name of the map that a write of the op is about; the guard of the protocol checked the index. */
export const mapOf = (op: Op, mapIdx: number): string => op.maps[mapIdx] as string;

/** The map of an op, or of the first write of a transaction, which decides where all of it is kept. */
export const nameOf = (op: Op): string => mapOf(op, op.writeAt(0).mapIdx);

/** The tag that an add makes: the op id, with the place inside a transaction (DAT-1). */
export function tagOf(op: Op, at: number): string {
  const id = `${op.session.clientId}:${op.session.session}:${op.seq}`;
  return op.code === OP.TRANSACTION ? `${id}:${at}` : id;
}

/** The items whose rows an answer may show: those a write decides about, except elements it removes. */
export function itemsOf(op: Op): (readonly [map: string, item: string])[] {
  const items: (readonly [map: string, item: string])[] = [];
  for (let at = 0; at < op.writeCount; at++) {
    const { code, mapIdx, key } = op.writeAt(at);
    if (code === OP.OR_REMOVE) continue;
    items.push([mapOf(op, mapIdx), itemOf(key, code === OP.OR_ADD ? tagOf(op, at) : undefined)]);
  }
  return items;
}

/** More than there are kinds of ops. */
const CODES = 8;
