import type { QuerySpec } from '@topgun/core';
import type { ClientEffects, Kind, MergedWants, TabMessage, TopicWant, Wants } from './ports.js';

export const PING_MS = 500;
/** Three pings without a sign of life: 1.5 s. Counted, not timed, so a follower that slept does not take its own sleep for the leader's. */
export const PINGS_MAX = 3;

const NOTHING: Wants = { maps: [], queries: [], topics: [] };

/** Without the sender, which is added here. */
type Outgoing = TabMessage extends infer M
  ? M extends { readonly from: string }
    ? Omit<M, 'from'>
    : never
  : never;

/**
 * Who uploads (TX-3). The holder of the store's lock is the leader: it alone has a connection, for the wants of all
 * realms. A visible follower pings the leader and takes the lock from one that stays silent.
 */
export class Tabs {
  readonly #fx: ClientEffects;
  readonly #session: string;
  readonly #wantsBySession = new Map<string, Wants>();
  readonly #watched = new Set<string>();
  readonly #dead = new Set<string>();
  #own: Wants = NOTHING;
  /** The wants are others, or somebody new has to follow them, since they were last taken. */
  #isChanged = true;
  #isLeader = false;
  /** Somebody leads, or has led, since this realm started. */
  knowsLeader = false;
  isVisible = true;
  #isRunning = false;
  #unanswered = 0;

  constructor(fx: ClientEffects, session: string) {
    this.#fx = fx;
    this.#session = session;
    this.#watched.add(session);
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  isDead(session: string): boolean {
    return this.#dead.has(session);
  }

  get dead(): Iterable<string> {
    return this.#dead;
  }

  /** Queues for the lock. */
  join(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.follow();
  }

  leave(): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#isLeader = false;
    this.#armPing();
    this.post({ type: 'bye' });
    this.#fx.releaseLock();
  }

  lead(commit: number): void {
    this.#isLeader = true;
    this.knowsLeader = true;
    this.#isChanged = true;
    this.#armPing();
    this.post({ type: 'leader', commit });
  }

  /** The lock was stolen: back into the queue. */
  follow(): void {
    this.#isLeader = false;
    if (!this.#isRunning) return;
    this.#fx.acquireLock(false);
    this.#armPing();
  }

  visible(yes: boolean): void {
    this.isVisible = yes;
    this.#armPing();
  }

  /** Time to ping; takes the lock when the leader left too many pings unanswered. */
  ping(): void {
    if (!this.#mayPing) return;
    if (this.#unanswered >= PINGS_MAX) {
      this.#unanswered = 0;
      this.#fx.acquireLock(true);
    }
    this.#unanswered++;
    this.post({ type: 'ping' });
    this.#fx.arm('leader', PING_MS);
  }

  /** A sign of life of the leader. */
  heard(): void {
    this.#unanswered = 0;
    this.knowsLeader = true;
  }

  post(message: Outgoing): void {
    // The sender completes every member of the union, which TypeScript does not see through a spread.
    this.#fx.post({ ...message, from: this.#session } as TabMessage);
  }

  setOwn(wants: Wants): void {
    this.#own = wants;
    this.#isChanged = true;
    if (!this.#isLeader) this.post({ type: 'wants', wants });
  }

  setOther(session: string, wants: Wants): void {
    this.watch([session]);
    this.#wantsBySession.set(session, wants);
    this.#isChanged = true;
  }

  gone(session: string): void {
    this.#dead.add(session);
    this.bye(session);
  }

  bye(session: string): void {
    this.#wantsBySession.delete(session);
    this.#isChanged = true;
  }

  /** Learns of the end of the realms behind these sessions. */
  watch(sessions: Iterable<string>): void {
    for (const session of sessions) {
      if (this.#watched.has(session)) continue;
      this.#watched.add(session);
      this.#fx.watchSession(session);
    }
  }

  /** What all realms want together, if that has changed since the last call. */
  takeMerged(): MergedWants | undefined {
    if (!this.#isChanged) return undefined;
    this.#isChanged = false;
    const maps = new Map<string, Kind>();
    const queries = new Map<string, readonly [string, QuerySpec]>();
    const topics = new Map<string, TopicWant[]>();
    for (const wants of [this.#own, ...this.#wantsBySession.values()]) {
      for (const [map, kind] of wants.maps) maps.set(map, kind);
      for (const [name, map, spec] of wants.queries) queries.set(name, [map, spec]);
      for (const [topic, want] of wants.topics) topics.set(topic, [...(topics.get(topic) ?? []), want]);
    }
    return { maps, queries, topics };
  }

  get #mayPing(): boolean {
    return this.isVisible && this.#isRunning && !this.#isLeader;
  }

  /** Starts to count anew, or stops. */
  #armPing(): void {
    this.#unanswered = 0;
    if (this.#mayPing) this.#fx.arm('leader', PING_MS);
    else this.#fx.cancel('leader');
  }
}
