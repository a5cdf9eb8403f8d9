import type { DedupEntry, DedupRow } from '../storage/Store.js';

/** A remembered op: what became of it, and in which partition. */
export interface Remembered {
  readonly pid: number;
  readonly entry: DedupEntry;
}

/**
 * What is known of the ops of one (client, session). The store keeps one row per partition; here they lie together,
 * because a seq belongs to one op whatever its key. `Staged` is what stands for an op that is not durable yet.
 */
export class DedupSession<Staged> {
  readonly clientId: string;
  readonly session: string;
  /** every op below is finally answered (L of SRV-3) */
  settledBelow = 0;
  /** ops that are staged and not yet durable */
  readonly staged = new Map<number, Staged>();
  readonly #remembered = new Map<number, Remembered>();
  #prunedBelow = 0;

  constructor(clientId: string, session: string) {
    this.clientId = clientId;
    this.session = session;
  }

  get size(): number {
    return this.#remembered.size;
  }

  find(seq: number): Remembered | undefined {
    return this.#remembered.get(seq);
  }

  /** Remembers a durable outcome. The first one stays: a seq has one outcome for life. */
  remember(pid: number, entry: DedupEntry): void {
    if (this.#remembered.has(entry.seq)) return;
    this.#remembered.set(entry.seq, { pid, entry });
    this.#prunedBelow = Math.min(this.#prunedBelow, entry.seq);
  }

  /** The client says that it needs no answer below `seq` any more. Never goes back. */
  settle(seq: number): void {
    if (seq <= this.settledBelow) return;
    this.settledBelow = seq;
    const from = this.#prunedBelow;
    this.#prunedBelow = seq;
    // A client may name any number: never more steps than there are entries.
    if (seq - from > this.#remembered.size) {
      for (const held of this.#remembered.keys()) if (held < seq) this.#remembered.delete(held);
    } else for (let held = from; held < seq; held++) this.#remembered.delete(held);
  }

  /** What a commit may call settled: an op whose outcome is only now being stored is not, whatever the client says. */
  settledForCommit(): number {
    let lowest = this.settledBelow;
    for (const seq of this.staged.keys()) if (seq < lowest) lowest = seq;
    return lowest;
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

  /** Takes in what the store holds. */
  load(pid: number, row: DedupRow): void {
    const session = this.session(row.clientId, row.session);
    for (const entry of row.entries) session.remember(pid, entry);
    session.settle(row.settledBelow);
  }
}
