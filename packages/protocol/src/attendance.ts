import { presenceLeaseMs } from './limits.js';

/** Somebody on a node: what it says of itself, if anything, and since when. */
export type Joined = readonly [user: string, sinceMs: number, state?: unknown, setMs?: number];

/** What one node says of who is present, on the topic `presence/<topic>`: to be told to others, and to be put together with what they say. */
export interface Announcement {
  readonly node: string;
  /** everybody there on this node is named, here and in what follows */
  readonly all?: true;
  /** somebody who is there already says something else of itself now */
  readonly joined?: readonly Joined[];
  readonly left?: readonly string[];
  /** those that hold for a time, whatever connections there are; null: taken back */
  readonly states?: readonly (readonly [user: string, state: unknown, untilMs: number])[];
}

/** Somebody who is there. */
export interface Present {
  readonly user: string;
  /** since when, ms since the epoch of Unix */
  readonly sinceMs: number;
  readonly state?: unknown;
}

interface Lease {
  readonly state: unknown;
  readonly setMs: number;
  readonly untilMs: number;
}

interface OnNode {
  readonly users: Map<string, Joined>;
  saidMs: number;
}

/** Puts together what nodes announce, in order. */
export class Attendance {
  readonly #nodes = new Map<string, OnNode>();
  readonly #leases = new Map<string, Lease>();

  /** `atMs`: when it was said. */
  take({ node, all, joined = [], left = [], states = [] }: Announcement, atMs: number): void {
    const known = this.#nodes.get(node);
    const users = all || !known ? new Map<string, Joined>() : known.users;
    this.#nodes.set(node, { users, saidMs: atMs });
    for (const entry of joined) users.set(entry[0], entry);
    for (const user of left) users.delete(user);
    for (const [user, state, untilMs] of states) {
      if (state === null) this.#leases.delete(user);
      else this.#leases.set(user, { state, setMs: this.#leases.get(user)?.setMs ?? atMs, untilMs });
    }
  }

  /** By name, in code units. What a node said holds for `presenceLeaseMs`. */
  list(nowMs: number): Present[] {
    const found = new Map<string, Joined>();
    for (const [node, { users, saidMs }] of this.#nodes) {
      if (saidMs + presenceLeaseMs <= nowMs) {
        this.#nodes.delete(node);
        continue;
      }
      for (const [user, sinceMs, ...said] of users.values()) {
        const [, since = sinceMs, ...other] = found.get(user) ?? [];
        // Of several states of one user the last one set.
        const state = (other[1] ?? 0) > (said[1] ?? 0) ? other : said;
        found.set(user, [user, Math.min(sinceMs, since), ...state]);
      }
    }
    for (const [user, { state, setMs, untilMs }] of this.#leases) {
      if (untilMs > nowMs) found.set(user, [user, found.get(user)?.[1] ?? setMs, state]);
      else this.#leases.delete(user);
    }
    return [...found.values()]
      .map(([user, sinceMs, state]) => (state == null ? { user, sinceMs } : { user, sinceMs, state }))
      .sort((a, b) => (a.user < b.user ? -1 : 1));
  }
}
