import { deepEqual } from '@topgun/core';
import { type Announcement, Attendance, type Joined, LIMITS, type Present } from '@topgun/protocol';
import type { Principal } from '../../security/PermissionPolicy.js';
import { roughBytes } from '../partsOf.js';
import type { Position, Topics } from '../ports.js';
import { SERVER_PRINCIPAL } from '../serverPrincipal.js';
import { presenceTopic } from './presenceTopic.js';

export interface PresenceParts {
  readonly topics: Pick<Topics, 'publish' | 'history'>;
  /** of this node */
  readonly nodeId: string;
  readonly wallMs: () => number;
  /** an announcement was not taken; the next one makes up for it */
  readonly onFault: (error: unknown) => void;
}

interface Attending {
  /** subscriptions on this node; 0: its connection was lost, and it may be back */
  count: number;
  readonly sinceMs: number;
  /** what its subscriptions say of it, the last one set at the end */
  readonly states: Map<object, { readonly state: unknown; readonly setMs: number }>;
  /** when it is not waited for any more */
  untilMs: number;
}

interface Changes {
  /** or say something else of themselves */
  readonly joined: Set<string>;
  readonly left: Set<string>;
}

/** Of no log: everything that is held lies behind it. */
const BEGINNING: Position = { epoch: '', offset: 0 };

/**
 * Who is in which room, on all nodes (PRES-1). A node keeps only who is on it, and says so on a topic that is kept for a minute; the list of all is
 * put together from that topic whenever somebody asks. So nodes need not know each other, and one that ends without a word needs no witness.
 */
export class Presence {
  readonly #parts: PresenceParts;
  readonly #here = new Map<string, Map<string, Attending>>();
  /** to be announced at the end of the turn */
  readonly #changes = new Map<string, Changes>();
  /** whose connections were lost, and where */
  readonly #waitedFor = new Map<Attending, readonly [topic: string, user: string]>();
  #isPending = false;

  constructor(parts: PresenceParts) {
    this.#parts = parts;
  }

  /** A subscription of a user began on this node. `member` stands for it. */
  entered(topic: string, user: string, member: object, state?: unknown): void {
    if (user === '') return;
    const users = this.#here.get(topic) ?? new Map<string, Attending>();
    this.#here.set(topic, users);
    const known = users.get(user);
    if (known === undefined) {
      const attending = { count: 1, sinceMs: this.#parts.wallMs(), states: new Map(), untilMs: 0 };
      users.set(user, attending);
      this.#set(attending, member, state);
      return this.#joined(topic, user);
    }
    const before = stateOf(known);
    // It is back, under another connection: what the lost one said of it is over.
    if (this.#waitedFor.delete(known)) known.states.clear();
    known.count++;
    this.#set(known, member, state);
    if (!isSame(before, stateOf(known))) this.#joined(topic, user);
  }

  /** A member says something else of itself. */
  said(topic: string, user: string, member: object, state: unknown): void {
    const known = this.#here.get(topic)?.get(user);
    if (known === undefined) return;
    const before = stateOf(known);
    this.#set(known, member, state);
    if (!isSame(before, stateOf(known))) this.#joined(topic, user);
  }

  /** One ended. `isBroken`: its connection was lost; the last one of a user is waited for (PRES-8). */
  left(topic: string, user: string, member: object, isBroken = false): void {
    const known = this.#here.get(topic)?.get(user);
    if (known === undefined || known.count === 0) return;
    known.count--;
    if (known.count === 0 && isBroken) {
      known.untilMs = this.#parts.wallMs() + LIMITS.presenceGraceMs;
      this.#waitedFor.set(known, [topic, user]);
    } else if (known.count === 0) this.#gone(topic, user);
    else {
      const before = stateOf(known);
      known.states.delete(member);
      if (!isSame(before, stateOf(known))) this.#joined(topic, user);
    }
  }

  /** Those who did not come back are gone; to be called every `LIMITS.presenceLookMs`. */
  look(): void {
    const nowMs = this.#parts.wallMs();
    for (const [attending, [topic, user]] of this.#waitedFor) {
      // In the order in which they were lost.
      if (attending.untilMs > nowMs) break;
      this.#waitedFor.delete(attending);
      this.#gone(topic, user);
    }
  }

  /** Says of every room who is there on this node; to be called every `LIMITS.presenceSayMs`. */
  async sayAll(): Promise<void> {
    const { nodeId: node } = this.#parts;
    for (const [topic, users] of this.#here) {
      const joined = [...users].map(([user, attending]) => entryOf(user, attending));
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
        ...parted(this.#entries(topic, joined)).map((part) => this.#announce(topic, { node, joined: part })),
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

  #set(attending: Attending, member: object, state: unknown): void {
    attending.states.delete(member);
    if (state !== undefined) attending.states.set(member, { state, setMs: this.#parts.wallMs() });
  }

  #joined(topic: string, user: string): void {
    const { joined, left } = this.#changesOf(topic);
    left.delete(user);
    joined.add(user);
  }

  #gone(topic: string, user: string): void {
    const users = this.#here.get(topic);
    users?.delete(user);
    if (users?.size === 0) this.#here.delete(topic);
    const { joined, left } = this.#changesOf(topic);
    joined.delete(user);
    left.add(user);
  }

  /** As they stand now. */
  #entries(topic: string, users: ReadonlySet<string>): Joined[] {
    return [...users].flatMap((user) => {
      const attending = this.#here.get(topic)?.get(user);
      return attending === undefined ? [] : [entryOf(user, attending)];
    });
  }

  #changesOf(topic: string): Changes {
    let changes = this.#changes.get(topic);
    if (changes === undefined) {
      changes = { joined: new Set(), left: new Set() };
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

const stateOf = ({ states }: Attending): { readonly state: unknown; readonly setMs: number } | undefined =>
  [...states.values()].at(-1);

const isSame = (
  a: { readonly state: unknown } | undefined,
  b: { readonly state: unknown } | undefined,
): boolean => deepEqual(a?.state, b?.state);

function entryOf(user: string, attending: Attending): Joined {
  const said = stateOf(attending);
  return said === undefined ? [user, attending.sinceMs] : [user, attending.sinceMs, said.state, said.setMs];
}

/** In parts of as many as one announcement names, and of no more bytes than one turn brings a subscriber. */
function parted<T>(list: readonly T[]): T[][] {
  const parts: T[][] = [];
  let bytes = Infinity;
  for (const entry of list) {
    if (bytes > LIMITS.topicPartBytes || parts.at(-1)?.length === LIMITS.presenceUsers) {
      parts.push([]);
      bytes = 0;
    }
    bytes += roughBytes(entry);
    parts.at(-1)?.push(entry);
  }
  return parts;
}
