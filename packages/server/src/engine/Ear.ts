import type { Principal } from '../security/PermissionPolicy.js';
import type { SharedMessage, Subscriber, SubscriptionEnd } from '../topics/ports.js';
import type { Connection } from './Connection.js';

/** What an ear asks of who gave it. */
export interface Hears {
  heard(conn: Connection, shared: SharedMessage): void;
  denied(conn: Connection, topic: string): void;
  /** messages are lost that nobody can tell */
  lost(conn: Connection, topic: string): void;
  /** the subscription has ended */
  over(conn: Connection, topic: string): void;
  /** when the connection takes messages again; undefined: it does */
  drained(conn: Connection): Promise<void> | undefined;
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

  ready(): Promise<void> | undefined {
    return this.#hears.drained(this.#conn);
  }

  lost(topic: string): void {
    this.#hears.lost(this.#conn, topic);
  }

  ended(topic: string, why: SubscriptionEnd): void {
    if (why === 'DENIED') this.#hears.denied(this.#conn, topic);
    else this.#hears.over(this.#conn, topic);
  }
}
