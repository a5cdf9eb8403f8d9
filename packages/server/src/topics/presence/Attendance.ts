/** What one node says of who is present: to be told to others, and to be put together with what they say. */
export interface Announcement {
  readonly node: string;
  /** everybody there on this node is named, here and in what follows */
  readonly all?: true;
  readonly joined?: readonly (readonly [user: string, sinceMs: number])[];
  readonly left?: readonly string[];
  /** null: taken back */
  readonly states?: readonly (readonly [user: string, state: unknown, untilMs: number])[];
}

/** Somebody who is there. */
export interface Present {
  readonly user: string;
  /** since when, ms since the epoch of Unix */
  readonly sinceMs: number;
  readonly state?: unknown;
}

interface State {
  readonly state: unknown;
  readonly setMs: number;
  readonly untilMs: number;
}

/** Puts together what nodes announce, in order. */
export class Attendance {
  readonly #nodes = new Map<string, Map<string, number>>();
  readonly #states = new Map<string, State>();

  /** `atMs`: when it was said. */
  take({ node, all, joined = [], left = [], states = [] }: Announcement, atMs: number): void {
    const users =
      all === true ? new Map<string, number>() : (this.#nodes.get(node) ?? new Map<string, number>());
    this.#nodes.set(node, users);
    for (const [user, sinceMs] of joined) users.set(user, sinceMs);
    for (const user of left) users.delete(user);
    for (const [user, state, untilMs] of states) {
      if (state === null) this.#states.delete(user);
      else this.#states.set(user, { state, setMs: this.#states.get(user)?.setMs ?? atMs, untilMs });
    }
  }

  /** By name, in code units. */
  list(nowMs: number): Present[] {
    const present = new Map<string, { user: string; sinceMs: number; state?: unknown }>();
    for (const users of this.#nodes.values()) {
      for (const [user, sinceMs] of users) {
        const known = present.get(user);
        present.set(user, { user, sinceMs: Math.min(sinceMs, known?.sinceMs ?? sinceMs) });
      }
    }
    for (const [user, { state, setMs, untilMs }] of this.#states) {
      if (untilMs > nowMs) present.set(user, { user, sinceMs: present.get(user)?.sinceMs ?? setMs, state });
    }
    return [...present.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
  }
}
