import type { StoreKey, StoreTx } from '@topgun/client';
import { decodeCanonical, encodeCanonical } from '@topgun/core';

interface Commit {
  readonly atMs: number;
  readonly puts: readonly (readonly [id: string, row: Row])[];
  readonly deletes: readonly string[];
}

interface Row {
  readonly key: StoreKey;
  readonly value: Uint8Array;
}

type Rows = Map<string, Row>;

/** Another string for every other key. */
const idOf = (key: StoreKey): string => JSON.stringify(key);

/** The order of keys: segment by segment, each by UTF-16 code unit; a shorter key comes first. */
function compareKeys(a: StoreKey, b: StoreKey): number {
  for (const [i, segment] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    if (segment !== other) return segment < other ? -1 : 1;
  }
  return a.length - b.length;
}

/**
 * A device's storage as several tabs share it: atomic commits in one order, a commit number, and relaxed durability. A crash of the
 * device loses the last commits of the recent past, always a suffix, never a hole (what IndexedDB promises and no more).
 * Values pass through the canonical encoding, so that no object is ever shared between memory and disk.
 */
export class SimDisk {
  readonly rows: Rows = new Map();
  commitNumber = 0;
  /** Rows that there is room for; a transaction that needs more is refused. Deletions alone always fit. */
  rowsMax = Number.POSITIVE_INFINITY;
  /** `session:seq` of ops of which a crash or an eviction left nothing: the device does not know that it made them. */
  readonly lostOps = new Set<string>();
  /** Commits not yet safe from a power loss, oldest first. */
  #recent: Commit[] = [];
  readonly #safe: Rows = new Map();
  #safeCommit = 0;

  /** Applies a batch; returns its commit number. Throws for a value that cannot be stored, and nothing is. */
  commit({ puts, deletes, durability }: StoreTx, nowMs: number): number {
    this.settle(nowMs - 5000);
    // All of it, before anything changes.
    const commit: Commit = {
      atMs: nowMs,
      puts: puts.map(([key, value]) => [idOf(key), { key: [...key], value: encodeCanonical(value) }]),
      deletes: deletes.map(idOf),
    };
    write(this.rows, commit);
    this.commitNumber++;
    this.#recent.push(commit);
    if (durability === 'strict') this.settle(nowMs);
    return this.commitNumber;
  }

  hasRoomFor({ puts, deletes }: StoreTx): boolean {
    if (puts.length === 0 || this.rowsMax === Number.POSITIVE_INFINITY) return true;
    const keys = new Set([...this.rows.keys(), ...puts.map(([key]) => idOf(key))]);
    for (const key of deletes) keys.delete(idOf(key));
    return keys.size <= this.rowsMax;
  }

  /** Makes everything committed up to `untilMs` safe. */
  settle(untilMs: number): void {
    while (this.#recent[0] !== undefined && this.#recent[0].atMs <= untilMs) {
      write(this.#safe, this.#recent.shift() as Commit);
      this.#safeCommit++;
    }
  }

  /** The device loses power: keeps the first `keep` of the recent commits. Returns how many commits were lost. */
  crash(keep: number): number {
    for (const commit of this.#recent.splice(0, keep)) {
      write(this.#safe, commit);
      this.#safeCommit++;
    }
    const lost = this.#recent.length;
    for (const { puts } of this.#recent)
      for (const [, { key }] of puts) if (key[0] === 'op') this.lostOps.add(`${key[1]}:${Number(key[2])}`);
    this.#recent = [];
    this.rows.clear();
    for (const [key, value] of this.#safe) this.rows.set(key, value);
    this.commitNumber = this.#safeCommit;
    return lost;
  }

  /** The platform threw the store away: what is opened next is empty and counts from the start. */
  evict(): void {
    for (const [[, session, seq]] of this.entries(['op'])) this.lostOps.add(`${session}:${Number(seq)}`);
    // Answered ones, kept for a server that loses time: [incarnation, atMs, [session, seq, …][]].
    for (const [, batch] of this.entries(['tail']))
      for (const [session, seq] of (batch as [string, number, [string, number][]])[2])
        this.lostOps.add(`${session}:${seq}`);
    this.rows.clear();
    this.#safe.clear();
    this.#recent = [];
    this.#safeCommit = 0;
    this.commitNumber = 0;
  }

  get recentCommits(): number {
    return this.#recent.length;
  }

  get(key: StoreKey): unknown {
    const row = this.rows.get(idOf(key));
    return row && decodeCanonical(row.value);
  }

  /** Everything under `prefix` in key order. */
  entries(prefix: StoreKey): (readonly [StoreKey, unknown])[] {
    const found = [...this.rows.values()].filter(({ key }) =>
      prefix.every((segment, i) => key[i] === segment),
    );
    found.sort((a, b) => compareKeys(a.key, b.key));
    return found.map(({ key, value }) => [[...key], decodeCanonical(value)]);
  }
}

function write(into: Rows, { puts, deletes }: Commit): void {
  for (const [id, row] of puts) into.set(id, row);
  for (const id of deletes) into.delete(id);
}
