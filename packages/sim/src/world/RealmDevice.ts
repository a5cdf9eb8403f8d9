import type { RealmEngine } from '@topgun/client/engine';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import { PostOrder } from './PostOrder.js';
import { SimDevice, type Tab } from './SimDevice.js';

/** A tab that is an engine and nothing else. */
export interface RealmTab extends Tab {
  readonly session: string;
  /** Feeds one input, unless the tab is gone. */
  input(feed: (engine: RealmEngine) => void): void;
  /** Feeds one input a little later. */
  soon(feed: (engine: RealmEngine) => void): void;
}

/**
 * A device whose tabs are engines, with what a browser gives them to agree: one exclusive uploader lock, a broadcast channel, and the
 * knowledge when a realm is gone.
 */
export class RealmDevice<T extends RealmTab = RealmTab> extends SimDevice<T> {
  /** Told when a lock is stolen. */
  stolen: ((from: T) => void) | undefined;
  readonly #scheduler: Scheduler;
  readonly #posts = new PostOrder<T>();
  #holder: T | undefined;
  #waiting: T[] = [];
  #watchers: { readonly session: string; readonly realm: T }[] = [];

  constructor(name: string, scheduler: Scheduler, rng: Rng) {
    super(name, rng);
    this.#scheduler = scheduler;
  }

  /** Who may upload; for assertions. */
  get holder(): T | undefined {
    return this.#holder;
  }

  acquire(realm: T, steal: boolean): void {
    if (this.#holder === realm) return;
    if (steal && this.#holder !== undefined) {
      const robbed = this.#holder;
      this.stolen?.(robbed);
      this.#holder = undefined;
      robbed.soon((engine) => engine.lockLost());
    }
    this.#waiting = this.#waiting.filter((other) => other !== realm);
    if (steal) this.#waiting.unshift(realm);
    else this.#waiting.push(realm);
    this.#grant();
  }

  release(realm: T): void {
    this.#waiting = this.#waiting.filter((other) => other !== realm);
    if (this.#holder !== realm) return;
    this.#holder = undefined;
    this.#grant();
  }

  watch(session: string, realm: T): void {
    if (this.realms.some((other) => other.session === session)) this.#watchers.push({ session, realm });
    else realm.soon((engine) => engine.sessionGone(session));
  }

  broadcast(from: T, message: unknown): void {
    for (const realm of this.realms) {
      if (realm === from) continue;
      this.#posts.post(from, realm, message, (next) =>
        realm.soon((engine) => engine.channel(next() as Parameters<typeof engine.channel>[0])),
      );
    }
  }

  /** The realm is gone: its locks fall free and those who watch it are told. */
  override left(realm: T): void {
    super.left(realm);
    this.#watchers = this.#watchers.filter((watcher) => {
      if (watcher.realm === realm) return false;
      if (watcher.session !== realm.session) return true;
      watcher.realm.soon((engine) => engine.sessionGone(realm.session));
      return false;
    });
    this.release(realm);
  }

  #grant(): void {
    if (this.#holder !== undefined) return;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#holder = next;
    this.#scheduler.after(this.rng.int(0, 3), () => {
      if (this.#holder === next) next.input((engine) => engine.lockGranted());
    });
  }
}
