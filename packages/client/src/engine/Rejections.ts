import * as LIMITS from '@topgun/protocol/limits';
import type { Rejection, StalePolicy } from './ports.js';
import type { RealmBase } from './RealmBase.js';

/**
 * Refused writes that the app has not seen. Each stands in the store from the transaction that removed its op until the
 * app's listener has returned (DEV-7). The realm that made the write shows it; if that is gone, the uploader does.
 * Those that are parked stay after that, as the list of stale writes, until the app has decided (GC-3).
 */
export class Rejections {
  readonly #realm: RealmBase;
  readonly #stored = new Map<string, Rejection>();
  readonly #offered = new Set<string>();
  /** By map. */
  readonly stalePolicies = new Map<string, StalePolicy>();

  constructor(realm: RealmBase) {
    this.#realm = realm;
  }

  add(rejection: Rejection): void {
    this.#realm.store.put(['reject', rejection.id], rejection);
  }

  /** Those whose realm, or the uploader in its place, has something to show. */
  get sessions(): Iterable<string> {
    return [...this.#stored.values()].flatMap(({ id, isShown }) => (isShown ? [] : [sessionOf(id)]));
  }

  /** What waits for the app to decide, the oldest first. */
  get parked(): readonly Rejection[] {
    return [...this.#stored.values()].filter(({ isParked }) => isParked);
  }

  /** The app has decided about a parked write, which leaves the list; undefined when it had left before. */
  decided(id: string): Rejection | undefined {
    const found = this.#stored.get(id);
    if (!found?.isParked) return undefined;
    this.load(id, undefined);
    this.#realm.store.del(['reject', id]);
    return found;
  }

  /** What the store holds now; only that is shown, so that a crash cannot lose it. */
  load(id: string, rejection: Rejection | undefined): void {
    if (rejection) this.#stored.set(id, rejection);
    else {
      this.#stored.delete(id);
      // A store that was lost may be given it once more, before it is told to delete it.
      if (!this.#realm.store.isDeleting(['reject', id])) this.#offered.delete(id);
    }
  }

  /** Writes them once more, to a store that has lost them. */
  rewrite(): void {
    for (const rejection of this.#stored.values()) this.add(rejection);
  }

  ids(): readonly string[] {
    return [...this.#stored.keys()];
  }

  /** Shows what is this realm's to show and was not shown yet. */
  offer(): void {
    for (const [id, rejection] of this.#stored) {
      if (this.#offered.has(id) || rejection.isShown || !this.#isMine(sessionOf(id))) continue;
      this.#offered.add(id);
      this.#realm.emit({ type: 'rejection', rejection });
    }
  }

  #isMine(session: string): boolean {
    const { tabs } = this.#realm;
    return session === this.#realm.session || (tabs.isLeader && tabs.isDead(session));
  }

  /** The app has seen it. */
  shown(id: string): void {
    const rejection = this.#stored.get(id);
    if (!rejection) return;
    if (!rejection.isParked) return this.#realm.store.del(['reject', id]);
    this.add({ ...rejection, isShown: true });
    const { parked } = this;
    const seen = parked.filter(({ isShown }) => isShown);
    for (const { id } of seen.slice(0, Math.max(0, parked.length - LIMITS.staleWrites))) this.decided(id);
  }
}

/** The session in an op id, `clientId:session:seq`. */
const sessionOf = (id: string): string => id.split(':')[1] ?? '';
