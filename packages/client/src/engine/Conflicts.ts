import { compareVersions, deepEqual } from '@topgun/core';
import { OP } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { describeWrite } from './describeWrite.js';
import type { OpLog } from './OpLog.js';
import { bytesOf, OP_NAMES, opId, type PendingOp } from './PendingOp.js';
import type { Conflict } from './ports.js';
import type { RealmBase } from './RealmBase.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { type BaseRow, counterTotal } from './rows.js';
import type { Verdict } from './Verdict.js';

/** So that the store's order of keys is that of the numbers. */
const DIGITS = 16;

/**
 * The journal of what own writes lost (DEV-8). An entry goes to the store with the transaction that ends its op, and is
 * shown from there, in all tabs; the last `conflictEntries` stay.
 */
export class Conflicts {
  /** By number in text form. */
  readonly entries = new Map<string, Conflict>();
  readonly #realm: RealmBase;
  readonly #log: OpLog;
  #last = 0;
  #isChanged = false;

  constructor(realm: RealmBase, log: OpLog) {
    this.#realm = realm;
    this.#log = log;
  }

  /** An op was answered: what it wrote is lost if something else stands now, unless that is an own newer write. */
  answered(op: PendingOp, { outcome, row }: Verdict): void {
    if (op.op > OP.REMOVE || (outcome !== 'changed' && outcome !== 'superseded')) return;
    if (deepEqual(op.value, row?.value ?? undefined)) return;
    if (outcome === 'changed' || !row || !this.#log.sessions.has(row.node)) this.add(op, { outcome });
  }

  add(op: PendingOp, how: Pick<Conflict, 'outcome' | 'code' | 'reason'>): void {
    const { clock } = this.#realm;
    const write = describeWrite(op);
    const kept = op.bytes > LIMITS.conflictValueBytes ? { ...write, payload: undefined } : write;
    this.#put({ id: opId(this.#log.clientId, op), ...kept, ...how, atMs: clock.nowMs() });
  }

  /**
   * A repair is about to take this row of base away, or to put an older one in its place. Where the server's store has begun another life,
   * that may be the last copy of what it has lost. The entry is stored with the repair.
   */
  repaired(map: ReplicaMap, known: BaseRow | undefined, row: BaseRow | undefined): void {
    const { incarnation, clock } = this.#realm;
    // What is kept in memory alone is meant to be lost.
    if (!known || map.isVolatile || !map.incarnation || map.incarnation === incarnation) return;
    if (row && compareVersions(known, row) <= 0) return;
    const { key, t, node, tag, form, ttlMs } = known;
    const value = map.kind === 'PN' ? counterTotal(known) : known.value;
    const isLarge = bytesOf(value) > LIMITS.conflictValueBytes;
    this.#put({
      id: tag ?? `${node}:${t}`,
      map: map.name,
      key,
      op: OP_NAMES[form] ?? 'PUT',
      payload: isLarge ? undefined : value,
      ...(ttlMs ? { ttlMs } : {}),
      outcome: 'restored',
      atMs: clock.nowMs(),
    });
  }

  #put(conflict: Conflict): void {
    const { store } = this.#realm;
    store.put(keyOf(++this.#last), conflict);
    if (this.#last > LIMITS.conflictEntries) store.del(keyOf(this.#last - LIMITS.conflictEntries));
  }

  /** What the store holds now. */
  load(number: string, conflict: Conflict | undefined): void {
    this.#last = Math.max(this.#last, Number(number));
    if (conflict) this.entries.set(number, conflict);
    else this.entries.delete(number);
    this.#isChanged = true;
    this.#realm.touch();
  }

  /** Tells the app, at the end of a turn, that there are others than before. */
  tell(): void {
    if (this.#isChanged) this.#realm.emit({ type: 'conflicts' });
    this.#isChanged = false;
  }

  /** Takes those out that the predicate names; they are gone for all tabs once that is stored. */
  clear(isMeant: (conflict: Conflict) => boolean): void {
    for (const [number, conflict] of this.entries)
      if (isMeant(conflict)) this.#realm.store.del(['conflict', number]);
    this.#realm.touch();
  }

  /** Writes them once more, to a store that has lost them. */
  rewrite(): void {
    for (const [number, conflict] of this.entries) this.#realm.store.put(['conflict', number], conflict);
  }
}

const keyOf = (number: number): readonly [string, string] => [
  'conflict',
  String(number).padStart(DIGITS, '0'),
];
