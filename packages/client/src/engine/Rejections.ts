import type { Rejection } from './ports.js';
import type { RealmBase } from './RealmBase.js';

/**
 * Refused writes that the app has not seen. Each stands in the store from the transaction that removed its op until the
 * app's listener has returned (DEV-7). The realm that made the write shows it; if that is gone, the uploader does.
 */
export class Rejections {
  readonly #realm: RealmBase;
  readonly #stored = new Map<string, Rejection>();
  readonly #offered = new Set<string>();

  constructor(realm: RealmBase) {
    this.#realm = realm;
  }

  add(rejection: Rejection): void {
    this.#realm.store.put(['reject', rejection.id], rejection);
  }

  get sessions(): Iterable<string> {
    return this.ids().map(sessionOf);
  }

  /** What the store holds now; only that is shown, so that a crash cannot lose it. */
  load(id: string, rejection: Rejection | undefined): void {
    if (rejection) this.#stored.set(id, rejection);
    else {
      this.#stored.delete(id);
      this.#offered.delete(id);
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
      if (this.#offered.has(id) || !this.#isMine(sessionOf(id))) continue;
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
    if (this.#stored.has(id)) this.#realm.store.del(['reject', id]);
  }
}

/** The session in an op id, `clientId:session:seq`. */
const sessionOf = (id: string): string => id.split(':')[1] ?? '';
