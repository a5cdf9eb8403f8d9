import type { Principal } from '../security/PermissionPolicy.js';
import type { SharedMessage, Subscriber, SubscriptionEnd } from '../topics/ports.js';
import type { Connection } from './Connection.js';

/** What an ear asks of who gave it. */
export interface Hears {
  heard(conn: Connection, shared: SharedMessage): void;
  denied(conn: Connection, topic: string): void;
}

/** A connection as a subscriber of topics. */
export class Ear implements Subscriber {
  readonly #conn: Connection;
  readonly #hears: Hears;

  constructor(conn: Connection, hears: Hears) {
    this.#conn = conn;
    this.#hears = hears;
  }

  get principal(): Principal {
    const { id, principal } = this.#conn;
    if (principal === undefined) throw new Error(`Connection ${id} hears before it is authenticated.`);
    return principal;
  }

  deliver(shared: SharedMessage): void {
    this.#hears.heard(this.#conn, shared);
  }

  lost(): void {
    // A message reaches a connection at most once: it has none to begin from (TOP-1).
  }

  ended(topic: string, why: SubscriptionEnd): void {
    if (why === 'DENIED') this.#hears.denied(this.#conn, topic);
  }
}
