import type { Offset } from '../storage/Store.js';
import { compareOffsets } from '../storage/Store.js';
import type { Partition } from './Partition.js';
import type { Staging } from './Staging.js';

const PREFIX = 'gc:';

/** Everything up to these offsets was committed at or before this time. Partitions without change since the mark before are left out. */
export interface CommitMark {
  readonly name: string;
  readonly ms: number;
  readonly offsets: ReadonlyMap<number, Offset>;
}

/**
 * When what was committed, as coarsely as retention needs it. Rows carry offsets and no times: a time in every row would
 * cost its bytes for ever, while a few marks, kept in the store, say the same for all of them. A deletion is purged by
 * the first mark at or above it, so it may stay for one spacing longer than the retention, never shorter.
 */
export class CommitMarks {
  readonly #staging: Staging;
  readonly #spacingMs: number;
  /** oldest first */
  readonly #marks: CommitMark[] = [];
  /** what the marks cover, by partition */
  readonly #covered = new Map<number, Offset>();
  #lastMs = Number.NEGATIVE_INFINITY;
  #passed = 0;

  constructor(meta: ReadonlyMap<string, unknown>, staging: Staging, spacingMs: number, now: number) {
    this.#staging = staging;
    this.#spacingMs = spacingMs;
    for (const [name, value] of meta) if (name.startsWith(PREFIX)) this.#marks.push(read(name, value, now));
    this.#marks.sort((a, b) => a.ms - b.ms);
    for (const mark of this.#marks) this.#note(mark);
  }

  /** When a change that is committed now will be covered; at once when the last mark is old enough. */
  nextMs(now: number): number {
    // A last mark that lies ahead was made before the clock was set back.
    return Math.min(this.#lastMs, now) + this.#spacingMs;
  }

  /** The oldest one that was not passed over. */
  get first(): CommitMark | undefined {
    return this.#marks[this.#passed];
  }

  /** There is nothing to be done here for the first one, and others may have something to do for it (CLU-26). */
  pass(): void {
    this.#passed++;
  }

  /** All are looked at again. */
  again(): void {
    this.#passed = 0;
  }

  /** What another node has made of a mark. */
  follow(name: string, value: unknown, now: number): void {
    if (!name.startsWith(PREFIX)) return;
    this.#passed = 0;
    const at = this.#marks.findIndex((mark) => mark.name === name);
    if (at >= 0) this.#marks.splice(at, 1);
    if (value === null) return;
    const mark = read(name, value, now);
    const after = this.#marks.findIndex(({ ms }) => ms > mark.ms);
    this.#marks.splice(after < 0 ? this.#marks.length : after, 0, mark);
    this.#note(mark);
  }

  /** Makes a mark of what was committed since the last, if anything was. */
  advance(partitions: readonly Partition[], now: number): void {
    const offsets = new Map<number, Offset>();
    for (const { pid, committed } of partitions) {
      const covered = this.#covered.get(pid);
      if (committed.epoch > 0 && (covered === undefined || compareOffsets(covered, committed) < 0))
        offsets.set(pid, committed);
    }
    if (offsets.size === 0) return;
    this.#passed = 0;
    const mark = { name: `${PREFIX}${now}`, ms: now, offsets };
    this.#marks.push(mark);
    this.#note(mark);
    const value = [...offsets].flatMap(([pid, { epoch, n }]) => [pid, epoch, n]);
    this.#staging.stageMeta(mark.name, value, now);
  }

  /** The first mark has done its work. */
  drop(now: number): void {
    const [mark] = this.#marks.splice(this.#passed, 1);
    if (mark !== undefined) this.#staging.stageMeta(mark.name, null, now);
  }

  #note({ ms, offsets }: CommitMark): void {
    this.#lastMs = Math.max(this.#lastMs, ms);
    for (const [pid, offset] of offsets) this.#covered.set(pid, offset);
  }
}

function read(name: string, value: unknown, now: number): CommitMark {
  // Written by `advance`: pid, epoch and n, one after the other.
  const flat = value as readonly number[];
  const offsets = new Map<number, Offset>();
  for (let at = 0; at + 2 < flat.length; at += 3)
    offsets.set(flat[at] as number, { epoch: flat[at + 1] as number, n: flat[at + 2] as number });
  // A mark from the future was made by a clock that has been put right since.
  return { name, ms: Math.min(Number(name.slice(PREFIX.length)), now), offsets };
}
