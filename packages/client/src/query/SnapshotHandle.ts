import type { Unsubscribe } from '../utils/Listeners.js';

/** A result that follows the data: read it at any time, or be called when there is another one. */
export abstract class SnapshotHandle<S> {
  readonly #subscriptions = new Set<Unsubscribe>();

  /** The result now, own writes of this tick included; the same object until something in it changes. */
  abstract getSnapshot(): S;

  /** Calls back at the end of each tick in which there may be another result. */
  protected abstract listen(changed: () => void): Unsubscribe;

  /** Calls back with the result now, and again once per tick in which it changed. */
  subscribe(callback: (snapshot: S) => void): Unsubscribe {
    const end = this.onSnapshot(() => callback(this.getSnapshot()));
    callback(this.getSnapshot());
    return end;
  }

  /** Calls back when `getSnapshot` has something new. */
  onSnapshot(callback: () => void): Unsubscribe {
    let told = this.getSnapshot();
    const ignore = this.listen(() => {
      const now = this.getSnapshot();
      if (now === told) return;
      told = now;
      callback();
    });
    const end = (): void => {
      this.#subscriptions.delete(end);
      ignore();
    };
    this.#subscriptions.add(end);
    return end;
  }

  /** Ends all subscriptions made through this handle. */
  dispose(): void {
    for (const end of [...this.#subscriptions]) end();
  }
}
