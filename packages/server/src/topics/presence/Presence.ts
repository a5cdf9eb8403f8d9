import { LIMITS } from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Position, Topics } from '../ports.js';
import { SERVER_PRINCIPAL } from '../serverPrincipal.js';
import { type Announcement, Attendance, type Present } from './Attendance.js';

export interface PresenceParts {
  readonly topics: Pick<Topics, 'publish' | 'history'>;
  /** of this node */
  readonly nodeId: string;
  readonly wallMs: () => number;
  /** an announcement was not taken; the next one makes up for it */
  readonly onFault: (error: unknown) => void;
}

interface Attending {
  /** subscriptions on this node */
  count: number;
  readonly sinceMs: number;
}

interface Changes {
  readonly joined: Map<string, number>;
  readonly left: Set<string>;
}

/** Of no log: everything that is held lies behind it. */
const BEGINNING: Position = { epoch: '', offset: 0 };

export const presenceTopic = (topic: string): string => `presence/${topic}`;

/**
 * Who is in which room, on all nodes (PRES-1). A node keeps only who is on it, and says so on a topic that is kept for a minute; the list of all is
 * put together from that topic whenever somebody asks. So nodes need not know each other, and one that ends without a word needs no witness.
 */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #here = new Map<string, Map<string, Attending>>();
  /** to be announced at the end of the turn */
  readonly #changes = new Map<string, Changes>();
  #isPending = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** A subscription of a user began on this node. */
  entered(topic: string, user: string): void {
    if (user === '') return;
    const users = this.#here.get(topic) ?? new Map<string, Attending>();
    this.#here.set(topic, users);
    const known = users.get(user);
    if (known !== undefined) {
      known.count++;
      return;
    }
    const sinceMs = this.#parts.wallMs();
    users.set(user, { count: 1, sinceMs });
    const { joined, left } = this.#changesOf(topic);
    left.delete(user);
    joined.set(user, sinceMs);
  }

  /** One ended. */
  left(topic: string, user: string): void {
    const users = this.#here.get(topic);
    const known = users?.get(user);
    if (users === undefined || known === undefined) return;
    known.count--;
    if (known.count > 0) return;
    users.delete(user);
    if (users.size === 0) this.#here.delete(topic);
    const { joined, left } = this.#changesOf(topic);
    joined.delete(user);
    left.add(user);
  }

  /** Says of every room who is there on this node; to be called every `LIMITS.presenceSayMs`. */
  async sayAll(): Promise<void> {
    const { nodeId: node } = this.#parts;
    for (const [topic, users] of this.#here) {
      const joined = [...users].map(([user, { sinceMs }]) => [user, sinceMs] as const);
      for (const [index, part] of parted(joined).entries())
        await this.#announce(topic, { node, ...(index === 0 && { all: true as const }), joined: part });
    }
  }

  /** Says what has changed in this turn. Resolves when that is accepted, or left out. */
  async sayChanges(): Promise<void> {
    this.#isPending = false;
    const { nodeId: node } = this.#parts;
    const changes = [...this.#changes];
    this.#changes.clear();
    await Promise.all(
      changes.flatMap(([topic, { joined, left }]) => [
        ...parted([...joined]).map((part) => this.#announce(topic, { node, joined: part })),
        ...parted([...left]).map((part) => this.#announce(topic, { node, left: part })),
      ]),
    );
  }

  /** Who is present, on all nodes. Throws TOPIC_DENIED where the principal may not read it, TOPIC_INVALID, BUS_UNAVAILABLE. */
  async list(topic: string, principal: Principal): Promise<Present[]> {
    const attendance = new Attendance();
    let after = BEGINNING;
    for (;;) {
      const page = await this.#parts.topics.history(
        presenceTopic(topic),
        principal,
        after,
        LIMITS.topicHistory,
      );
      // What the server itself has said was said here; anybody else may have a right to speak there, but is not believed.
      for (const { data, ts, from } of page.messages)
        if (from === '') attendance.take(data as Announcement, ts);
      const last = page.messages.at(-1);
      if (!page.hasMore || last === undefined) return attendance.list(this.#parts.wallMs());
      after = { epoch: last.epoch, offset: last.offset };
    }
  }

  /** Gives a principal a state; null takes it back. Throws what `publish` throws. */
  async setState(topic: string, { sub }: Principal, state: unknown, ttlMs: number): Promise<void> {
    const { nodeId: node, wallMs } = this.#parts;
    await this.#publish(topic, { node, states: [[sub, state, wallMs() + ttlMs]] });
  }

  #changesOf(topic: string): Changes {
    let changes = this.#changes.get(topic);
    if (changes === undefined) {
      changes = { joined: new Map(), left: new Set() };
      this.#changes.set(topic, changes);
    }
    if (!this.#isPending) {
      this.#isPending = true;
      queueMicrotask(() => void this.sayChanges());
    }
    return changes;
  }

  async #announce(topic: string, announcement: Announcement): Promise<void> {
    try {
      await this.#publish(topic, announcement);
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  async #publish(topic: string, announcement: Announcement): Promise<void> {
    const options = { name: 'presence', ttlMs: LIMITS.presenceLeaseMs };
    await this.#parts.topics.publish(presenceTopic(topic), announcement, SERVER_PRINCIPAL, options);
  }
}

/** In parts of as many as one announcement names. */
function parted<T>(list: readonly T[]): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < list.length; at += LIMITS.presenceUsers)
    parts.push(list.slice(at, at + LIMITS.presenceUsers));
  return parts;
}
