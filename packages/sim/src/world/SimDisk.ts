import type { StoreKey, StoreTx } from '@topgun/client/engine';
import { decodeCanonical, encodeCanonical } from '@topgun/core';

interface Commit {
  readonly atMs: number;
  readonly batch: StoreTx;
}

const SEPARATOR = '\u0000';

/**
 * A device's storage as several tabs share it: atomic commits in one order, a commit number, and relaxed durability. A crash of the
 * device loses the last commits of the recent past, always a suffix, never a hole (what IndexedDB promises and no more).
 * Values pass through the canonical encoding, so that no object is ever shared between memory and disk.
 */
export class SimDisk {
  readonly rows = new Map<string, Uint8Array>();
  commitNumber = 0;
  /** Rows that there is room for; a transaction that needs more is refused. Deletions alone always fit. */
  rowsMax = Number.POSITIVE_INFINITY;
  /** `session:seq` of ops whose logging a crash undid: the device does not know that it made them. */
  readonly lostOps = new Set<string>();
  /** Commits not yet safe from a power loss, oldest first. */
  #recent: Commit[] = [];
  readonly #safe = new Map<string, Uint8Array>();
  #safeCommit = 0;

  /** Applies a batch; returns its commit number. */
  commit(batch: StoreTx, nowMs: number): number {
    this.settle(nowMs - 5000);
    this.#write(this.rows, batch);
    this.commitNumber++;
    if (batch.durability === 'strict') this.settle(nowMs);
    this.#recent.push({ atMs: nowMs, batch });
    if (batch.durability === 'strict') this.settle(nowMs);
    return this.commitNumber;
  }

  hasRoomFor({ puts, deletes }: StoreTx): boolean {
    if (puts.length === 0 || this.rowsMax === Number.POSITIVE_INFINITY) return true;
    const keys = new Set([...this.rows.keys(), ...puts.map(([key]) => key.join(SEPARATOR))]);
    for (const key of deletes) keys.delete(key.join(SEPARATOR));
    return keys.size <= this.rowsMax;
  }

  /** Makes everything committed up to `untilMs` safe. */
  settle(untilMs: number): void {
    while (this.#recent[0] !== undefined && this.#recent[0].atMs <= untilMs) {
      this.#write(this.#safe, (this.#recent.shift() as Commit).batch);
      this.#safeCommit++;
    }
  }

  /** The device loses power: keeps the first `keep` of the recent commits. Returns how many commits were lost. */
  crash(keep: number): number {
    for (const commit of this.#recent.splice(0, keep)) {
      this.#write(this.#safe, commit.batch);
      this.#safeCommit++;
    }
    const lost = this.#recent.length;
    for (const { batch } of this.#recent)
      for (const [[table, session, seq]] of batch.puts)
        if (table === 'op') this.lostOps.add(`${session}:${Number(seq)}`);
    this.#recent = [];
    this.rows.clear();
    for (const [key, value] of this.#safe) this.rows.set(key, value);
    this.commitNumber = this.#safeCommit;
    return lost;
  }

  /** The platform threw the store away: what is opened next is empty and counts from the start. */
  evict(): void {
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
    const bytes = this.rows.get(key.join(SEPARATOR));
    return bytes === undefined ? undefined : decodeCanonical(bytes);
  }

  /** Everything under `prefix` in key order. */
  entries(prefix: StoreKey): (readonly [StoreKey, unknown])[] {
    const start = prefix.join(SEPARATOR);
    const out: (readonly [StoreKey, unknown])[] = [];
    for (const joined of [...this.rows.keys()].sort()) {
      if (joined !== start && prefix.length > 0 && !joined.startsWith(start + SEPARATOR)) continue;
      out.push([joined.split(SEPARATOR), decodeCanonical(this.rows.get(joined) as Uint8Array)]);
    }
    return out;
  }

  #write(into: Map<string, Uint8Array>, batch: StoreTx): void {
    for (const key of batch.deletes) into.delete(key.join(SEPARATOR));
    for (const [key, value] of batch.puts) into.set(key.join(SEPARATOR), encodeCanonical(value));
  }
}
