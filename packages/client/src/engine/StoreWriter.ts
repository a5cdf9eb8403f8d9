import type { StoreKey, StoreTx } from '../storage/IStorageAdapter.js';
import type { ClientEffects } from './ports.js';

/** A key and what it is to hold; undefined: it is deleted. `isLasting`: by a strict commit. */
export type Write = readonly [key: StoreKey, value: unknown, isLasting?: boolean];

const RETRY_MS = 250;
const RETRY_MS_MAX = 5_000;

/** What a transaction carries: all; what nobody else has, and what makes room; only what makes room (B6). */
type Scale = 0 | 1 | 2;
const ALL = 0;
const OWN = 1;
const ROOM = 2;

const isOwn = (table: string | undefined): boolean => table === 'op' || table === 'low' || table === 'meta';

/** Map names and sessions hold no NUL, and app keys come last, so joined keys are as distinct as the keys. */
export const joinKey = (key: StoreKey): string => key.join('\0');

/**
 * What this realm still has to write to the store. All writes of a tick go out as one transaction (DEV-2), and one
 * transaction is under way at a time: a failed one is joined with what came after it and tried again, so the log never
 * has a hole in its middle (B4).
 */
export class StoreWriter {
  readonly #fx: ClientEffects;
  readonly #strict: boolean;
  #waiting = new Map<string, Write>();
  #underWay: ReadonlyMap<string, Write> | undefined;
  #tx: StoreTx | undefined;
  #id = 0;
  #failures = 0;
  #paused = false;
  /** What a full store is asked to take. */
  #scale: Scale = ALL;
  /** Deletions that stand for nothing but room. */
  readonly #evicted = new Set<string>();

  constructor(fx: ClientEffects, strict: boolean) {
    this.#fx = fx;
    this.#strict = strict;
  }

  /** Id of the last transaction. */
  get lastId(): number {
    return this.#id;
  }

  put(key: StoreKey, value: unknown): void {
    this.#waiting.set(joinKey(key), [key, value]);
  }

  /** `isLasting`: once it has committed no crash takes it back. */
  del(key: StoreKey, isLasting = false): void {
    this.#waiting.set(joinKey(key), [key, undefined, isLasting]);
  }

  /** Deletes a row to make room: goes out alone while the store is full. */
  evict(key: StoreKey): void {
    this.#evicted.add(joinKey(key));
    this.del(key);
  }

  /** Forgets a write that no transaction has carried yet; false when it is too late for that. */
  cancel(key: StoreKey): boolean {
    return this.#waiting.delete(joinKey(key));
  }

  /** Another realm has deleted it for good: what this one has still to write of it would bring it back. */
  ended(key: StoreKey): void {
    this.cancel(key);
    if (this.#underWay?.has(joinKey(key))) this.evict(key);
  }

  /** Whether the store is still to be told that this is deleted. */
  isDeleting(key: StoreKey): boolean {
    const joined = joinKey(key);
    const write = this.#waiting.get(joined) ?? this.#underWay?.get(joined);
    return write !== undefined && write[1] === undefined;
  }

  /** Id of the last transaction that has committed. */
  get doneId(): number {
    return this.#underWay ? this.#id - 1 : this.#id;
  }

  /** Id of the transaction after which all that was put so far is in the store. */
  get dueId(): number {
    return this.#waiting.size > 0 ? this.#id + 1 : this.#id;
  }

  /** Whether a transaction may start. */
  get isReady(): boolean {
    return this.#underWay === undefined && !this.#paused;
  }

  /** Starts a transaction if there is something to write. The caller has asked `isReady`. */
  flush(): void {
    const carried = [...this.#waiting].filter((write) => this.#fits(...write));
    if (carried.length === 0) return;
    this.#underWay = new Map(carried);
    for (const [joined] of carried) {
      this.#waiting.delete(joined);
      this.#evicted.delete(joined);
    }
    const writes = [...this.#underWay.values()];
    const puts = writes.flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
    const deletes = writes.flatMap(([key, value]) => (value === undefined ? [key] : []));
    // A session is over for the server too, once it is here: no crash may bring its ops back then.
    const endsSession = deletes.some(([table]) => table === 'low');
    const isLasting = endsSession || writes.some((write) => write[2]);
    const strict = isLasting || (this.#strict && puts.some(([[table]]) => table === 'op'));
    this.#tx = { puts, deletes, durability: strict ? 'strict' : 'relaxed' };
    this.#fx.tx(++this.#id, this.#tx);
  }

  /** The transaction that has committed; undefined for a completion that came twice. */
  done(id: number): StoreTx | undefined {
    if (id !== this.#id || !this.#underWay) return undefined;
    if (this.#scale === ALL) this.#failures = 0;
    // There is room now, perhaps.
    if (this.#scale === ROOM) this.#scale = OWN;
    this.#underWay = undefined;
    return this.#tx;
  }

  /** Keeps the writes of a failed transaction for a later try, armed under the timer `tx`; false for a failure that came twice. */
  failed(id: number): boolean {
    if (id !== this.#id || !this.#underWay) return false;
    for (const [joined, [[table], value]] of this.#underWay)
      if (this.#scale === ROOM && value === undefined && (table === 'base' || table === 'cursor'))
        this.#evicted.add(joined);
    this.#waiting = new Map([...this.#underWay, ...this.#waiting]);
    this.#underWay = undefined;
    return true;
  }

  /** Waits before the next try. */
  pause(): void {
    this.#paused = true;
    this.#arm();
  }

  /** The store is full. Goes on with less, and tries all of it later; false when there is nothing less. */
  narrow(): boolean {
    if (this.#scale === ALL) this.#arm();
    if (this.#scale === ROOM) return false;
    this.#scale = this.#scale === ALL ? OWN : ROOM;
    return true;
  }

  get isFull(): boolean {
    return this.#scale !== ALL;
  }

  resume(): void {
    this.#paused = false;
    this.#scale = ALL;
  }

  /** Forgets the waiting writes that the predicate does not want to keep, and gives them. */
  keep(wanted: (key: StoreKey, value: unknown) => boolean): readonly Write[] {
    const dropped = [...this.#waiting.values()].filter(([key, value]) => !wanted(key, value));
    for (const [key] of dropped) this.cancel(key);
    return dropped;
  }

  /** Lays everything not yet committed over a snapshot of the store, as it will look once all is written. */
  overlay(snapshot: Map<string, Write>): void {
    for (const [joined, write] of [...(this.#underWay ?? []), ...this.#waiting]) {
      if (write[1] === undefined) snapshot.delete(joined);
      else snapshot.set(joined, write);
    }
  }

  /** Of own writes not what follows from their answers: the server has it, and it goes together with what it said. */
  #fits(joined: string, [[table], value]: Write): boolean {
    if (this.#scale === ALL) return true;
    return value === undefined ? this.#evicted.has(joined) : this.#scale === OWN && isOwn(table);
  }

  #arm(): void {
    this.#fx.arm('tx', Math.min(RETRY_MS * 2 ** this.#failures++, RETRY_MS_MAX));
  }
}
