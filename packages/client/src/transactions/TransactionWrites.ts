import { deepEqual, partitionOf } from '@topgun/core';
import { OP } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { checkDelta, checkMap, checkWrite } from '../engine/checkWrite.js';
import { chunkTags } from '../engine/chunkTags.js';
import { bytesOfWrites, type Write } from '../engine/PendingOp.js';
import type { Kind } from '../engine/ports.js';
import type { RealmEngine } from '../engine/RealmEngine.js';
import { wireError, wrongKind } from '../engine/wireErrors.js';
import { transactionError } from './transactionErrors.js';

/**
 * The writes of a transaction while its body runs, and what reads see because of them. The engine knows nothing of it until the
 * body has returned: a body that throws leaves nothing behind.
 *
 * There is one write per record: with one stamp for all of them, no stamp could say which of two came later. So the last
 * value of a key stands, increments add up, and an element that is added and removed never was.
 */
export class TransactionWrites {
  /** The body has returned or thrown. */
  isOver = false;
  readonly #engine: RealmEngine;
  readonly #kinds = new Map<string, Kind>();
  readonly #byRecord = new Map<string, Write>();
  #added: Write[] = [];
  readonly #taken: Write[] = [];
  #first: { readonly map: string; readonly key: string } | undefined;

  constructor(engine: RealmEngine) {
    this.#engine = engine;
  }

  /** Throws `MAP_NAME_INVALID`, or `WRONG_KIND` where this transaction used the name otherwise. */
  use(map: string, kind: Kind): void {
    this.#assertOpen();
    checkMap(map);
    const known = this.#kinds.get(map);
    if (known !== undefined && known !== kind) throw wrongKind(map, known, kind);
    this.#kinds.set(map, kind);
  }

  /** What the engine is to make one op of. Throws `LIMIT`. */
  finish(): readonly Write[] {
    const writes = [...this.#byRecord.values(), ...this.#added, ...this.#taken];
    check('writes', writes.length, LIMITS.writesPerTransaction);
    check('maps', new Set(writes.map(({ map }) => map)).size, LIMITS.mapsPerFrame);
    check('bytes', bytesOfWrites(writes), LIMITS.opsBytesPerFrame);
    return writes;
  }

  get(map: string, key: string): unknown {
    this.#assertOpen();
    const own = this.#byRecord.get(recordOf(map, key));
    return own ? own.value : this.#engine.get(map, key);
  }

  set(map: string, key: string, value: unknown, ttlMs: number | undefined): void {
    this.#put({ op: OP.PUT, map, key, value: checkWrite(map, key, value, ttlMs), ttlMs });
  }

  remove(map: string, key: string): void {
    checkWrite(map, key, true);
    this.#put({ op: OP.REMOVE, map, key, value: undefined, ttlMs: undefined });
  }

  values(map: string, key: string): readonly unknown[] {
    this.#assertOpen();
    const own = this.#added.filter((write) => write.map === map && write.key === key);
    return [...this.#elements(map, key), ...own].map(({ value }) => value);
  }

  add(map: string, key: string, value: unknown, ttlMs: number | undefined): void {
    const copy = checkWrite(map, key, value, ttlMs);
    this.#enter(map, key);
    this.#added.push({ op: OP.OR_ADD, map, key, value: copy, ttlMs });
  }

  take(map: string, key: string, value: unknown): void {
    const wanted = checkWrite(map, key, value);
    this.#enter(map, key);
    this.#added = this.#added.filter(
      (write) => write.map !== map || write.key !== key || !deepEqual(write.value, wanted),
    );
    const seen = this.#elements(map, key).flatMap(({ tag, value }) =>
      deepEqual(value, wanted) ? [tag] : [],
    );
    const about = { op: OP.OR_REMOVE, map, key, ttlMs: undefined, wanted };
    if (!this.#engine.isLoaded) this.#taken.push({ ...about, value: seen });
    else for (const tags of chunkTags(seen)) this.#taken.push({ ...about, value: tags });
  }

  total(name: string): number {
    this.#assertOpen();
    // The value of an increment is what it adds.
    return (
      this.#engine.counterValue(name) + ((this.#byRecord.get(recordOf(name, name))?.value ?? 0) as number)
    );
  }

  increment(name: string, delta: number): void {
    const before = (this.#byRecord.get(recordOf(name, name))?.value ?? 0) as number;
    checkDelta(name, delta);
    checkDelta(name, before + delta);
    this.#put({ op: OP.INCREMENT, map: name, key: name, value: before + delta, ttlMs: undefined });
    if (before + delta === 0) this.#byRecord.delete(recordOf(name, name));
  }

  #put(write: Write): void {
    this.#enter(write.map, write.key);
    this.#byRecord.set(recordOf(write.map, write.key), write);
  }

  /** The elements that the device holds, less those this transaction removed. */
  #elements(map: string, key: string): readonly { readonly tag: string; readonly value: unknown }[] {
    const taken = this.#taken.flatMap((write) =>
      write.map === map && write.key === key ? (write.value as readonly string[]) : [],
    );
    return this.#engine.orGet(map, key).filter(({ tag }) => !taken.includes(tag));
  }

  /** A write is about to be made. All keys lie in the partition of the first, and all maps are kept like its map. */
  #enter(map: string, key: string): void {
    this.#assertOpen();
    this.#first ??= { map, key };
    const { map: firstMap, key: firstKey } = this.#first;
    if (partitionOf(key) !== partitionOf(firstKey)) {
      const message = `"${key}" in "${map}" and "${firstKey}" are in different partitions; give both the same {tag}.`;
      throw wireError('CROSS_PARTITION', message);
    }
    if (this.#engine.isVolatile(map) !== this.#engine.isVolatile(firstMap)) {
      const message = `The server keeps one of the maps "${firstMap}" and "${map}" in memory alone, and the other not.`;
      throw wireError('VOLATILE_MAP', message);
    }
    check(
      'writes',
      this.#byRecord.size + this.#added.length + this.#taken.length,
      LIMITS.writesPerTransaction,
    );
  }

  #assertOpen(): void {
    if (this.isOver) throw transactionError('TRANSACTION_OVER', 'The transaction is over.');
  }
}

/** No map name holds a NUL. */
const recordOf = (map: string, key: string): string => `${map}\0${key}`;

function check(what: string, found: number, allowed: number): void {
  if (found <= allowed) return;
  throw wireError('LIMIT', `A transaction has ${found} ${what}; allowed are ${allowed}.`);
}
