import { LIMITS } from '@topgun/protocol';
import type { DedupEntry, DedupRow } from '../storage/Store.js';

/** What became of an op, and in which partition. */
export interface OpEntry extends DedupEntry {
  readonly pid: number;
}

/** Seqs from `from` up to `to` that a client has called settled before this engine settled any op of it. */
interface Doubt {
  readonly from: number;
  readonly to: number;
  readonly untilMs: number;
  readonly entries: Map<number, OpEntry>;
}

/** Seqs follow each other, so they are kept in pages: a map entry per op would cost more than judging the op. */
const PAGE_SEQS = 16;

class Page<Staged> {
  readonly staged: (Staged | undefined)[] = new Array(PAGE_SEQS).fill(undefined);
  readonly entries: (OpEntry | undefined)[] = new Array(PAGE_SEQS).fill(undefined);
  stagedCount = 0;
}

const pageOf = (seq: number): number => Math.floor(seq / PAGE_SEQS);
const placeOf = (seq: number): number => seq % PAGE_SEQS;

/**
 * What is known of the ops of one (client, session). The store keeps one row per partition; here they lie together,
 * because a seq belongs to one op whatever its key. `Staged` is what stands for an op that is not durable yet.
 */
export class DedupSession<Staged> {
  readonly clientId: string;
  readonly session: string;
  /** every op below is finally answered (L of SRV-3) */
  settledBelow = 0;
  /** an op of it was taken in: it is staged, or waits for its map or for the store, or has been stored */
  isWritten = false;
  /** partitions whose rows the store may have */
  readonly pids = new Set<number>();
  readonly #pages = new Map<number, Page<Staged>>();
  /** what to fall back on if the store turns out to have lost ops that were answered before it was opened */
  #doubt: Doubt | undefined;
  #isReopened = false;
  #hasClaimed = false;
  /** the page last asked for, and its number */
  #page: Page<Staged> | undefined;
  #at = -1;

  constructor(clientId: string, session: string) {
    this.clientId = clientId;
    this.session = session;
  }

  /** Nothing is stored of it, and nothing on its way there. */
  get isUnused(): boolean {
    return !this.isWritten && this.pids.size === 0;
  }

  /** The durable outcome of an op that is not settled. */
  find(seq: number): OpEntry | undefined {
    if (seq < this.settledBelow) return this.#isReopened ? this.#doubt?.entries.get(seq) : undefined;
    return this.#turnTo(seq)?.entries[placeOf(seq)];
  }

  /** Whether an op without outcome was settled: it is not to be executed again. */
  isSettled(seq: number): boolean {
    if (seq >= this.settledBelow) return false;
    return !(this.#isReopened && this.#isDoubtful(seq));
  }

  /** The op of this seq that is staged and not yet durable. */
  staged(seq: number): Staged | undefined {
    return this.#turnTo(seq)?.staged[placeOf(seq)];
  }

  stage(seq: number, op: Staged): void {
    const page = this.#turnTo(seq) ?? this.#open(seq);
    page.staged[placeOf(seq)] = op;
    page.stagedCount++;
  }

  /** The op is not staged any more: it is durable, or its flush failed. */
  unstage(seq: number): void {
    const page = this.#turnTo(seq);
    if (page === undefined || page.staged[placeOf(seq)] === undefined) return;
    page.staged[placeOf(seq)] = undefined;
    page.stagedCount--;
  }

  /** Remembers a durable outcome. The first one stays: a seq has one outcome for life. */
  remember(entry: OpEntry): void {
    if (entry.seq < this.settledBelow) {
      if (this.#isReopened && this.#isDoubtful(entry.seq) && !this.#doubt?.entries.has(entry.seq))
        this.#doubt?.entries.set(entry.seq, entry);
      return;
    }
    const page = this.#turnTo(entry.seq) ?? this.#open(entry.seq);
    page.entries[placeOf(entry.seq)] ??= entry;
  }

  /**
   * The client says, under the present incarnation, that it needs no answer below `seq` any more. What it says first in the
   * life of this engine rests on answers of a life before: if the store has lost that time, ops below were never executed
   * here. So the outcomes that it makes superfluous are kept for as long as a client keeps answered ops.
   */
  claim(seq: number, nowMs: number): void {
    if (!this.#hasClaimed) {
      this.#hasClaimed = true;
      this.#doubt = {
        from: this.settledBelow,
        to: seq,
        untilMs: nowMs + LIMITS.answeredMs,
        entries: new Map(),
      };
      for (const { entries } of this.#pages.values())
        for (const entry of entries)
          if (entry !== undefined && this.#isDoubtful(entry.seq)) this.#doubt.entries.set(entry.seq, entry);
    } else if (this.#doubt && (this.#isReopened ? seq >= this.#doubt.to : nowMs > this.#doubt.untilMs)) {
      this.#doubt = undefined;
      this.#isReopened = false;
    }
    this.settle(seq);
  }

  /** The store has lost ops that were answered before it was opened: what the client called settled then is open again (INC-2). */
  reopen(): void {
    this.#isReopened = this.#doubt !== undefined;
  }

  #isDoubtful(seq: number): boolean {
    return this.#doubt !== undefined && seq >= this.#doubt.from && seq < this.#doubt.to;
  }

  /** Nothing below is asked for again. Never goes back. */
  settle(seq: number): void {
    if (seq <= this.settledBelow) return;
    const isPagePassed = pageOf(seq) > pageOf(this.settledBelow);
    this.settledBelow = seq;
    if (!isPagePassed) return;
    for (const [at, page] of this.#pages) if (at < pageOf(seq) && page.stagedCount === 0) this.#close(at);
  }

  /** What a commit may call settled: an op whose outcome is only now being stored is not, whatever the client says. */
  settledForCommit(): number {
    let lowest = this.settledBelow;
    for (const [at, { staged, stagedCount }] of this.#pages) {
      if (stagedCount === 0 || at * PAGE_SEQS >= lowest) continue;
      const place = staged.findIndex((op) => op !== undefined);
      lowest = Math.min(lowest, at * PAGE_SEQS + place);
    }
    return lowest;
  }

  #turnTo(seq: number): Page<Staged> | undefined {
    const at = pageOf(seq);
    if (at !== this.#at) {
      this.#at = at;
      this.#page = this.#pages.get(at);
    }
    return this.#page;
  }

  #open(seq: number): Page<Staged> {
    const page = new Page<Staged>();
    this.#at = pageOf(seq);
    this.#page = page;
    this.#pages.set(this.#at, page);
    return page;
  }

  #close(at: number): void {
    this.#pages.delete(at);
    if (at !== this.#at) return;
    this.#at = -1;
    this.#page = undefined;
  }
}

/** Dedup of all sessions, as far as it is durable or staged (SRV-3). */
export class DedupTable<Staged> {
  readonly #sessions = new Map<string, DedupSession<Staged>>();

  /** The session of a client; made when it is new. */
  session(clientId: string, session: string): DedupSession<Staged> {
    const id = `${clientId}:${session}`;
    let found = this.#sessions.get(id);
    if (found === undefined) {
      found = new DedupSession<Staged>(clientId, session);
      this.#sessions.set(id, found);
    }
    return found;
  }

  /** Sessions of a client. O(all sessions). */
  sessionsOf(clientId: string): string[] {
    return [...this.#sessions.values()].flatMap((one) => (one.clientId === clientId ? [one.session] : []));
  }

  /** Takes a session out if it is unused; false when it is not. */
  dropUnused(clientId: string, session: string): boolean {
    const id = `${clientId}:${session}`;
    if (this.#sessions.get(id)?.isUnused === false) return false;
    this.#sessions.delete(id);
    return true;
  }

  /** Takes a session out; what the store has of it is the caller's business. */
  forget(clientId: string, session: string): DedupSession<Staged> | undefined {
    const id = `${clientId}:${session}`;
    const found = this.#sessions.get(id);
    this.#sessions.delete(id);
    return found;
  }

  /** The store has lost ops that were answered (INC-2). */
  reopen(): void {
    for (const session of this.#sessions.values()) session.reopen();
  }

  /** Takes in what the store holds. */
  load(pid: number, row: DedupRow): void {
    const session = this.session(row.clientId, row.session);
    session.pids.add(pid);
    session.settle(row.settledBelow);
    for (const entry of row.entries) session.remember({ ...entry, pid });
  }
}
