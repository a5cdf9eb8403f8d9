import type { TopicMsgMessage } from '@topgun/protocol';
import { DENIED } from '../security/policy/Rights.js';
import type { Topics as Hub, SharedMessage, TopicMessage } from '../topics/ports.js';
import { topicMap } from '../topics/topicMap.js';
import type { Connection } from './Connection.js';
import { Ear, type Hears } from './Ear.js';
import { errorMessage, topicRef } from './errorMessage.js';
import type { Gate } from './Gate.js';
import type { ServerEffects } from './ports.js';
import type { Tally } from './Tally.js';

/**
 * The topics that connections have open. Who hears what is the hub's to know, which other doors ask as well; here is what is about
 * connections: refusals in the order of their other answers, and that messages do not wait for who is behind.
 */
export class Topics implements Hears {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #tally: Tally;
  readonly #hub: () => Hub | undefined;
  /** whether each is heard; refused ones are open as soon as rights allow it */
  readonly #open = new Map<Connection, Map<string, boolean>>();
  readonly #ears = new Map<Connection, Ear>();
  readonly #behind = new Set<Connection>();
  /** The last message that was heard, as it is sent: it is told to all who hear it one after the other. */
  #heard: { readonly shared: SharedMessage; readonly message: TopicMsgMessage } | undefined;

  constructor(effects: ServerEffects, gate: Gate, tally: Tally, hub: () => Hub | undefined) {
    this.#effects = effects;
    this.#gate = gate;
    this.#tally = tally;
    this.#hub = hub;
  }

  /** Subscriptions that are heard. */
  get count(): number {
    let count = 0;
    for (const topics of this.#open.values()) for (const isHeard of topics.values()) if (isHeard) count++;
    return count;
  }

  countOf(conn: Connection): number {
    return this.#open.get(conn)?.size ?? 0;
  }

  isOpen(conn: Connection, topic: string): boolean {
    return this.#open.get(conn)?.has(topic) === true;
  }

  subscribe(conn: Connection, topic: string): void {
    let open = this.#open.get(conn);
    if (open === undefined) {
      open = new Map();
      this.#open.set(conn, open);
    }
    const isHeard = !this.#gate.may(conn, topicMap(topic)).view.isBlind;
    open.set(topic, isHeard);
    if (isHeard) return this.#hear(conn, topic);
    this.#gate.denied(conn, { action: 'READ', map: topicMap(topic), old: undefined });
    this.#tally.refuse('DENIED');
    this.#tellDenied(conn, topic);
  }

  unsubscribe(conn: Connection, topic: string): void {
    const open = this.#open.get(conn);
    const ear = this.#ears.get(conn);
    if (open?.get(topic) === true && ear !== undefined) this.#hub()?.unsubscribe(topic, ear);
    open?.delete(topic);
  }

  unsubscribeAll(conn: Connection): void {
    for (const topic of [...(this.#open.get(conn)?.keys() ?? [])]) this.unsubscribe(conn, topic);
    this.#open.delete(conn);
    this.#ears.delete(conn);
    this.#behind.delete(conn);
  }

  /** The network does not take what the connection is sent, or has taken all of it: messages do not wait for it (FLOW-4). */
  pressed(conn: Connection, isBehind: boolean): void {
    if (isBehind) this.#behind.add(conn);
    else this.#behind.delete(conn);
  }

  publish(conn: Connection, topic: string, data: unknown): void {
    const allowed = this.#gate.may(conn, topicMap(topic)).put(undefined, data);
    if (allowed === DENIED) {
      this.#tally.refuse('DENIED');
      this.#gate.denied(conn, { action: 'PUT', map: topicMap(topic), old: undefined, next: data });
      this.#tellDenied(conn, topic);
      return;
    }
    this.#tally.topicMessages++;
    const by = this.#earOf(conn);
    this.#tellFault(conn, topic, this.#hub()?.publish(topic, data, by.principal, { by }));
  }

  /** Rights have changed: whoever may listen now does, under the new view; who could until now and may not any more is told. */
  review(conn: Connection): void {
    const open = this.#open.get(conn);
    if (open === undefined) return;
    for (const [topic, wasHeard] of [...open]) {
      const isHeard = !this.#gate.may(conn, topicMap(topic)).view.isBlind;
      if (isHeard && !wasHeard) {
        open.set(topic, true);
        this.#hear(conn, topic);
      }
      if (!isHeard && wasHeard) {
        this.#hub()?.unsubscribe(topic, this.#earOf(conn));
        this.denied(conn, topic);
      }
    }
    this.#hub()?.review(this.#earOf(conn), open.keys());
  }

  // --- what the hub tells ---

  heard(conn: Connection, shared: SharedMessage): void {
    if (this.#behind.has(conn)) {
      this.#tally.topicDrops++;
      return;
    }
    if (this.#heard?.shared !== shared) this.#heard = { shared, message: messageOf(shared.message) };
    this.#effects.sendShared([conn.id], this.#heard.message, shared);
  }

  denied(conn: Connection, topic: string): void {
    this.#open.get(conn)?.set(topic, false);
    this.#tellDenied(conn, topic);
  }

  #hear(conn: Connection, topic: string): void {
    this.#tellFault(conn, topic, this.#hub()?.subscribe(topic, this.#earOf(conn)));
  }

  #earOf(conn: Connection): Ear {
    const ear = this.#ears.get(conn) ?? new Ear(conn, this);
    this.#ears.set(conn, ear);
    return ear;
  }

  #tellDenied(conn: Connection, topic: string): void {
    this.#effects.send(conn.id, errorMessage('DENIED', { ref: topicRef(topic) }));
  }

  /** What the hub cannot do at the moment, or never: a log that is full, data that no message can hold. */
  #tellFault(conn: Connection, topic: string, asked: Promise<unknown> | undefined): void {
    const ref = topicRef(topic);
    if (asked === undefined) this.#effects.send(conn.id, errorMessage('UNAVAILABLE', { ref }));
    asked?.catch(() => {
      if (this.#ears.has(conn)) this.#effects.send(conn.id, errorMessage('UNAVAILABLE', { ref }));
    });
  }
}

/** On the wire everybody has a name; the server itself has that of its node. */
function messageOf({ topic, data, from, node, ts }: TopicMessage): TopicMsgMessage {
  return { type: 'TOPIC_MSG', topic, data, from: from || node, ts };
}
