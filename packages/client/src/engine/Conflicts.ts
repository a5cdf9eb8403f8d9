import { deepEqual } from '@topgun/core';
import { OP } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { describeWrite } from './describeWrite.js';
import type { OpLog } from './OpLog.js';
import { opId, type PendingOp } from './PendingOp.js';
import type { Conflict } from './ports.js';
import type { RealmBase } from './RealmBase.js';
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
    const { store, clock } = this.#realm;
    const write = describeWrite(op);
    const kept = op.bytes > LIMITS.conflictValueBytes ? { ...write, payload: undefined } : write;
    const conflict: Conflict = { id: opId(this.#log.clientId, op), ...kept, ...how, atMs: clock.nowMs() };
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
