import type { TopGunError } from '@topgun/core';
import type { ClientEvent } from './ports.js';

/** What is said of the log of pending ops. */
interface LogState {
  readonly size: number;
  isDurable(seq: number): boolean;
}

/** Collects what the app is to hear and tells it at the end of a turn, so that listeners find every part at rest. */
export class Announcer {
  #events: ClientEvent[] = [];
  #durable: { readonly seq: number; readonly cb: (error?: TopGunError) => void }[] = [];
  #synced: (() => void)[] = [];
  #pending = 0;

  add(event: ClientEvent): void {
    this.#events.push(event);
  }

  whenDurable(seq: number, cb: (error?: TopGunError) => void): void {
    this.#durable.push({ seq, cb });
  }

  whenSynced(cb: () => void): void {
    this.#synced.push(cb);
  }

  /** The store refused a transaction: whoever waits for one hears of it. */
  failDurable(error: TopGunError): void {
    for (const { cb } of this.#durable.splice(0)) cb(error);
  }

  /** Everything since the last call, to listeners that may read and write at will; of `queries`, by id, the result may be another. */
  tell(
    keysByMap: ReadonlyMap<string, ReadonlySet<string>>,
    queries: Iterable<string>,
    log: LogState,
    isConnected: boolean,
    event: (event: ClientEvent) => void,
  ): void {
    const pending = log.size;
    if (keysByMap.size > 0) this.add({ type: 'changes', keysByMap });
    for (const id of queries) this.add({ type: 'query', id });
    if (pending !== this.#pending) this.add({ type: 'pending', count: pending });
    this.#pending = pending;
    const durable = this.#durable.splice(0);
    this.#durable = durable.filter(({ seq }) => !log.isDurable(seq));
    const synced = isConnected && pending === 0 ? this.#synced.splice(0) : [];
    const events = this.#events.splice(0);
    for (const { seq, cb } of durable) if (log.isDurable(seq)) cb();
    for (const cb of synced) cb();
    for (const one of events) event(one);
  }
}
