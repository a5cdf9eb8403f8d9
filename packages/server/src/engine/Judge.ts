import {
  assertAdmitted,
  compareStamps,
  compareVersions,
  deepEqual,
  isAdmittedData,
  millisOf,
  partitionOf,
  rowKey,
  TopGunError,
} from '@topgun/core';
import { type ErrorCode, type Kind, OP, type OpCode, OUTCOME } from '@topgun/protocol';
import type { Rights } from '../security/policy/Rights.js';
import { DENIED } from '../security/policy/Rights.js';
import type { Gate } from './Gate.js';
import type { Lane } from './Lane.js';
import type { MapState } from './MapState.js';
import { mapOf, type Op, tagOf, type Write } from './Op.js';
import type { RecordTable } from './RecordTable.js';
import { Row, readableOf, type Totals, totalsOf } from './Row.js';
import type { Arbiter, NewVersion } from './resolvers/Arbiter.js';
import type { MapResolver } from './resolvers/Resolvers.js';

const NO_TOTALS: Totals = [0, 0];

/** The kind of map that an op makes and belongs to. */
export function kindOf(code: OpCode): Kind {
  return code === OP.INCREMENT ? 'PN' : code === OP.OR_ADD || code === OP.OR_REMOVE ? 'OR' : 'LWW';
}

/**
 * Says what an op would do to the staged state: permission on the old and the new row, then the merge (SRV-1). It
 * changes nothing; the ruling stands in its fields until the next op.
 */
export class Judge {
  /** rows the op puts in place of those that stand */
  readonly rows: Row[] = [];
  outcome: 0 | 1 | 2 = OUTCOME.APPLIED;
  /** the winning row is hidden from the writer, so that losing must look like winning in every number */
  isHidden = false;
  /** why a resolver rejected the op */
  reason: string | undefined;
  /** the latest stamp that was made for it; 0 = none, it keeps its own */
  madeT = 0;
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #arbiter: Arbiter;
  #lane: Lane;
  #n = 0;
  #now = 0;
  #won = 0;
  #changed = false;

  constructor(gate: Gate, table: RecordTable, arbiter: Arbiter) {
    this.#gate = gate;
    this.#table = table;
    this.#lane = table.durable;
    this.#arbiter = arbiter;
  }

  /** Rules on an op of a lane whose rows would get offset `n`. Returns the code of a final rejection. */
  rule(op: Op, lane: Lane, n: number, now: number): ErrorCode | undefined {
    this.rows.length = 0;
    this.isHidden = false;
    this.reason = undefined;
    this.madeT = 0;
    this.#lane = lane;
    this.#n = n;
    this.#now = now;
    this.#won = 0;
    this.#changed = false;
    for (let at = 0; at < op.writeCount; at++) {
      const fault = this.#write(op, op.writeAt(at), at);
      if (fault === 'DENIED') this.#denied(op, op.writeAt(at));
      if (fault !== undefined) return fault;
    }
    this.outcome = this.#changed ? OUTCOME.CHANGED : this.#won > 0 ? OUTCOME.APPLIED : OUTCOME.SUPERSEDED;
    return undefined;
  }

  #write(op: Op, write: Write, at: number): ErrorCode | undefined {
    const { code, mapIdx, key } = write;
    const name = mapOf(op, mapIdx);
    const rights = this.#gate.may(op.conn, name);
    const isRemoval = code === OP.REMOVE || code === OP.OR_REMOVE;
    // Before the kind: who may not write to a map does not learn what it is.
    if (!(isRemoval ? rights.canRemove : rights.canPut)) return 'DENIED';
    if (at > 0 && partitionOf(key) !== op.pid) return 'CROSS_PARTITION';
    // What is stored and what is not cannot stand or fall together (SRV-10).
    if (at > 0 && this.#table.laneOf(name) !== this.#lane) return 'VOLATILE_MAP';
    const map = this.#table.map(name);
    if (map?.kind !== undefined && map.kind !== kindOf(code)) return 'WRONG_KIND';
    const resolver = map === undefined ? this.#table.resolverOf(name) : map.resolver;
    if (resolver !== undefined) return this.#resolve(resolver, op, name, map, write, rights);
    switch (code) {
      case OP.PUT:
        return this.#put(op, name, map, write, rights);
      case OP.REMOVE:
        return this.#remove(op, name, map, write, rights);
      case OP.OR_ADD:
        return this.#add(op, name, map, write, rights, tagOf(op, at));
      case OP.OR_REMOVE:
        return this.#removeTags(op, name, map, write, rights);
      default:
        return this.#increment(op, name, map, write, rights);
    }
  }

  #put(op: Op, name: string, map: MapState | undefined, write: Write, rights: Rights): ErrorCode | undefined {
    const { key, payload, ttlMs } = write;
    if (!isAdmitted(op, payload)) return 'VALUE_NOT_ADMITTED';
    const current = this.#current(name, map, key);
    const value = rights.put(readableOf(current), payload);
    if (value === DENIED) return 'DENIED';
    // A row that the writer cannot see counts as absent, so that this answer tells nobody whether there is one.
    if (this.#isBelowFloor(op) && !(current && this.#gate.sees(op.conn, current))) return 'STALE_OP';
    if (
      this.#offer(op, current, this.#row(op, name, 'LWW', key, key, value, current, undefined, ttlMs)) &&
      this.#isOther(rights, value, payload)
    ) {
      this.#changed = true;
    }
    return undefined;
  }

  /** Whether a mask made another value of what was written, as the writer sees it. What it does not see has not changed for it (PERM-2). */
  #isOther({ view }: Rights, value: unknown, payload: unknown): boolean {
    if (value === payload) return false;
    const seen = view.project(value);
    return seen !== undefined && !deepEqual(seen, payload);
  }

  /**
   * A row that the writer does not see counts as absent, and an absent one would be removed with success: it stays, and the
   * answer does not tell whether there is one (PERM-10).
   */
  #refuseRemoval(op: Op, write: Write, { view }: Rights, old: unknown): ErrorCode | undefined {
    if (view.project(old) !== undefined) return 'DENIED';
    this.#denied(op, write);
    this.isHidden = true;
    this.#won++;
    return undefined;
  }

  /** For operators: what became of a write that no policy allows. */
  #denied(op: Op, { code, mapIdx, key, payload }: Write): void {
    const map = mapOf(op, mapIdx);
    const current = code === OP.PUT || code === OP.REMOVE || code === OP.INCREMENT ? key : undefined;
    const old =
      current === undefined ? undefined : readableOf(this.#current(map, this.#table.map(map), current));
    const isRemoval = code === OP.REMOVE || code === OP.OR_REMOVE;
    const next = isRemoval
      ? undefined
      : code === OP.INCREMENT
        ? Number(old ?? 0) + (payload as number)
        : payload;
    this.#gate.denied(op.conn, { action: isRemoval ? 'REMOVE' : 'PUT', map, key, old, next });
  }

  /** A write to a map with a resolver: the rights decide first, then the resolver (SRV-7). */
  #resolve(
    resolver: MapResolver,
    op: Op,
    name: string,
    map: MapState | undefined,
    write: Write,
    rights: Rights,
  ): ErrorCode | undefined {
    const { code, key, payload, ttlMs } = write;
    if (kindOf(code) !== 'LWW') return 'WRONG_KIND';
    const current = this.#current(name, map, key);
    const old = readableOf(current);
    if (code === OP.REMOVE && !rights.remove(old)) return this.#refuseRemoval(op, write, rights, old);
    if (code === OP.PUT && !isAdmitted(op, payload)) return 'VALUE_NOT_ADMITTED';
    const value = code === OP.PUT ? rights.put(old, payload) : undefined;
    if (value === DENIED) return 'DENIED';
    if (this.#isBelowFloor(op)) {
      // As on any map (GC-2).
      if (code === OP.PUT && !(current && this.#gate.sees(op.conn, current))) return 'STALE_OP';
      if (current === undefined) {
        this.#won++;
        return undefined;
      }
    }
    const ruling = this.#arbiter.rule(resolver, op, write, current, value, rights, this.#now);
    if ('code' in ruling) {
      this.reason = ruling.reason;
      return ruling.code;
    }
    const { version, isHidden } = ruling;
    if (isHidden) this.isHidden = true;
    if (version === undefined) return undefined;
    const row = this.#row(op, name, 'LWW', key, key, version.value, current, undefined, ttlMs, version);
    this.rows.push(row);
    this.#won++;
    if (version.isChanged) this.madeT = Math.max(this.madeT, version.t);
    if (version.isChanged || (code === OP.PUT && this.#isOther(rights, value, payload))) this.#changed = true;
    return undefined;
  }

  #remove(
    op: Op,
    name: string,
    map: MapState | undefined,
    write: Write,
    rights: Rights,
  ): ErrorCode | undefined {
    const { key } = write;
    const current = this.#current(name, map, key);
    const old = readableOf(current);
    if (!rights.remove(old)) return this.#refuseRemoval(op, write, rights, old);
    if (current === undefined && this.#isBelowFloor(op)) {
      // Nothing is left to remove, and no deletion needs to be remembered: the floor stops older writes.
      this.#won++;
      return undefined;
    }
    this.#offer(op, current, this.#row(op, name, 'LWW', key, key, undefined, current));
    return undefined;
  }

  #add(
    op: Op,
    name: string,
    map: MapState | undefined,
    write: Write,
    rights: Rights,
    tag: string,
  ): ErrorCode | undefined {
    const { key, payload, ttlMs } = write;
    if (!isAdmitted(op, payload)) return 'VALUE_NOT_ADMITTED';
    const value = rights.put(undefined, payload);
    if (value === DENIED) return 'DENIED';
    const item = rowKey(key, tag);
    const current = this.#current(name, map, item);
    if (current === undefined && this.#isBelowFloor(op)) return 'STALE_OP';
    // The op id is in the tag, so a row that stands can only be this element, removed before its add came.
    if (current === undefined) {
      this.rows.push(this.#row(op, name, 'OR', key, item, value, undefined, tag, ttlMs));
      this.#won++;
    }
    return undefined;
  }

  /**
   * Each observed tag on its own (DAT-6). One that the writer cannot read counts as absent, and of absent ones only its
   * own client's are remembered as removed: their adds may still come, while foreign ones cannot have been observed. Unless
   * the store has lost time since: then their makers may yet send them again (INC-1).
   */
  #removeTags(
    op: Op,
    name: string,
    map: MapState | undefined,
    write: Write,
    rights: Rights,
  ): ErrorCode | undefined {
    const { key, payload } = write;
    const mayComeAgain = millisOf(op.t) < this.#table.againBeforeMs;
    // The guard of the protocol checked that it is a list of tags.
    for (const tag of payload as readonly string[]) {
      const item = rowKey(key, tag);
      const current = this.#current(name, map, item);
      const isOwn = tag.startsWith(`${op.session.clientId}:`);
      if (current === undefined ? !isOwn && !mayComeAgain : current.value === undefined) continue;
      if (current !== undefined && rights.view.project(current.value) === undefined) continue;
      if (!rights.remove(current?.value)) return 'DENIED';
      this.rows.push(this.#row(op, name, 'OR', key, item, undefined, current, tag));
    }
    // Nothing left to remove is what the writer wanted.
    this.#won++;
    return undefined;
  }

  #increment(
    op: Op,
    name: string,
    map: MapState | undefined,
    write: Write,
    rights: Rights,
  ): ErrorCode | undefined {
    const { key, payload } = write;
    const current = this.#current(name, map, key);
    const [plus, minus] = current === undefined ? NO_TOTALS : totalsOf(current.value);
    // The guard of the protocol checked that it is a whole number other than 0.
    const delta = payload as number;
    const totals: Totals = delta > 0 ? [plus + delta, minus] : [plus, minus - delta];
    const old = readableOf(current);
    if (rights.put(old, totals[0] - totals[1]) === DENIED) return 'DENIED';
    // That a counter is full says what it stands at.
    if (!Number.isSafeInteger(totals[0]) || !Number.isSafeInteger(totals[1]))
      return current === undefined || this.#gate.sees(op.conn, current) ? 'VALUE_NOT_ADMITTED' : 'DENIED';
    this.rows.push(this.#row(op, name, 'PN', key, key, totals, current));
    this.#won++;
    return undefined;
  }

  /** Whether the op is as old as deletions that are forgotten: where nothing stands, one of them may have stood (GC-2). */
  #isBelowFloor({ pid, t, node }: Op): boolean {
    const floor = this.#lane.partition(pid).gc?.floor;
    return floor !== undefined && compareStamps(t, node, floor.t, floor.node) <= 0;
  }

  /** Last write wins; the very same version again changes nothing and has not lost. */
  #offer(op: Op, current: Row | undefined, row: Row): boolean {
    const order = current === undefined ? -1 : compareVersions(current, row);
    if (order < 0) this.rows.push(row);
    if (order <= 0) this.#won++;
    else if (current !== undefined && !this.#gate.sees(op.conn, current)) this.isHidden = true;
    return order < 0;
  }

  /** What an earlier write of the same transaction made of the item, else what stands. */
  #current(name: string, map: MapState | undefined, item: string): Row | undefined {
    for (let at = this.rows.length - 1; at >= 0; at--) {
      const row = this.rows[at] as Row;
      if (row.item === item && row.map === name) return row;
    }
    return map?.current(item);
  }

  /** What is written after a repair comes after it, also where the repaired record was deleted and purged (CLK-7). */
  #repairOf(pid: number, current: Row | undefined): number | undefined {
    return current === undefined ? this.#lane.partition(pid).gc?.repaired : current.repaired;
  }

  #row(
    op: Op,
    map: string,
    kind: Kind,
    key: string,
    item: string,
    value: unknown,
    current: Row | undefined,
    tag?: string,
    ttlMs?: number,
    version?: NewVersion,
  ): Row {
    const isStanding = kind === 'PN' && current !== undefined;
    const { t, node } = version ?? op;
    // A counter carries the latest stamp among its increments.
    const isLater = !isStanding || compareStamps(t, node, current.t, current.node) > 0;
    return new Row({
      // The texts of the row that stood, where there was one: those of the frame can go.
      map: current?.map ?? map,
      key: current?.key ?? key,
      item: current?.item ?? item,
      pid: op.pid,
      kind,
      value,
      t: isLater ? t : current.t,
      node: isLater ? node : current.node,
      epoch: this.#lane.partition(op.pid).epoch,
      n: this.#n,
      tag,
      ttlMs,
      owner: version?.owner ?? (current?.value === undefined ? op.conn.principal?.sub : current.owner),
      from: version?.from,
      repaired: kind === 'LWW' ? this.#repairOf(op.pid, current) : undefined,
      slot: current?.slot,
    });
  }
}

/** What came over the wire is plain data; what the program put in its place may be anything. */
function isAdmitted({ screened }: Op, value: unknown): boolean {
  if (screened === undefined) return isAdmittedData(value);
  try {
    assertAdmitted(value);
    return true;
  } catch (error) {
    if (error instanceof TopGunError) return false;
    throw error;
  }
}
