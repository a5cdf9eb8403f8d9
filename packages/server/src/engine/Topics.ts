import type { TopicMsgMessage } from '@topgun/protocol';
import { DENIED } from '../security/policy/Rights.js';
import type { View } from '../security/policy/View.js';
import type { Connection } from './Connection.js';
import { errorMessage, topicRef } from './errorMessage.js';
import type { Gate } from './Gate.js';
import type { ServerEffects } from './ports.js';
import type { Tally } from './Tally.js';

/** A topic is to the gate the map of this name. */
export const topicMap = (topic: string): string => `topic:${topic}`;

interface Audience {
  readonly view: View;
  readonly members: Set<Connection>;
}

/**
 * Messages between clients that are connected now: at most once, in order per sender, nothing kept. A message is read
 * through the view of each subscriber like a row, encoded once per view, and never comes back to its sender.
 */
export class Topics {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #tally: Tally;
  readonly #audiences = new Map<string, Map<string, Audience>>();
  /** Refused ones included: they are open as soon as rights allow it. */
  readonly #open = new Map<Connection, Set<string>>();
  readonly #behind = new Set<Connection>();

  constructor(effects: ServerEffects, gate: Gate, tally: Tally) {
    this.#effects = effects;
    this.#gate = gate;
    this.#tally = tally;
  }

  get count(): number {
    return this.#audiences.size;
  }

  countOf(conn: Connection): number {
    return this.#open.get(conn)?.size ?? 0;
  }

  isOpen(conn: Connection, topic: string): boolean {
    return this.#open.get(conn)?.has(topic) === true;
  }

  subscribe(conn: Connection, topic: string): void {
    const isHeard = this.#join(conn, topic);
    if (isHeard) return;
    this.#gate.denied(conn, { action: 'READ', map: topicMap(topic), old: undefined });
    this.#tally.refuse('DENIED');
    this.#effects.send(conn.id, errorMessage('DENIED', { ref: topicRef(topic) }));
  }

  /** False where nothing of the topic may be heard; the wish is remembered. */
  #join(conn: Connection, topic: string): boolean {
    this.unsubscribe(conn, topic);
    const open = this.#open.get(conn);
    if (open === undefined) this.#open.set(conn, new Set([topic]));
    else open.add(topic);
    const { view } = this.#gate.may(conn, topicMap(topic));
    if (view.isBlind) return false;
    const audiences = this.#audiences.get(topic) ?? new Map<string, Audience>();
    this.#audiences.set(topic, audiences);
    const audience = audiences.get(view.signature) ?? { view, members: new Set<Connection>() };
    audiences.set(view.signature, audience);
    audience.members.add(conn);
    return true;
  }

  unsubscribe(conn: Connection, topic: string): void {
    if (this.#open.get(conn)?.delete(topic) !== true) return;
    const audiences = this.#audiences.get(topic);
    for (const [signature, { members }] of audiences ?? []) {
      if (members.delete(conn) && members.size === 0) audiences?.delete(signature);
    }
    if (audiences?.size === 0) this.#audiences.delete(topic);
  }

  unsubscribeAll(conn: Connection): void {
    for (const topic of [...(this.#open.get(conn) ?? [])]) this.unsubscribe(conn, topic);
    this.#open.delete(conn);
    this.#behind.delete(conn);
  }

  /** The network does not take what the connection is sent, or has taken all of it: messages do not wait for it (FLOW-4). */
  pressed(conn: Connection, isBehind: boolean): void {
    if (isBehind) this.#behind.add(conn);
    else this.#behind.delete(conn);
  }

  publish(conn: Connection, topic: string, data: unknown, now: number): void {
    const allowed = this.#gate.may(conn, topicMap(topic)).put(undefined, data);
    if (allowed === DENIED) {
      this.#tally.refuse('DENIED');
      this.#gate.denied(conn, { action: 'PUT', map: topicMap(topic), old: undefined, next: data });
      this.#effects.send(conn.id, errorMessage('DENIED', { ref: topicRef(topic) }));
      return;
    }
    this.#tally.topicMessages++;
    for (const { view, members } of this.#audiences.get(topic)?.values() ?? []) {
      const seen = view.project(data);
      if (seen === undefined) continue;
      const others = [...members].filter((member) => member !== conn);
      const conns = others.filter((member) => !this.#behind.has(member)).map(({ id }) => id);
      this.#tally.topicDrops += others.length - conns.length;
      if (conns.length === 0) continue;
      const from = conn.principal?.sub ?? '';
      const message: TopicMsgMessage = { type: 'TOPIC_MSG', topic, data: seen, from, ts: now };
      this.#effects.sendShared(conns, message);
    }
  }

  /** Rights have changed: whoever may listen now does, under the new view; who could until now and may not any more is told. */
  review(conn: Connection): void {
    for (const topic of [...(this.#open.get(conn) ?? [])]) {
      const wasHeard = this.#isHeard(conn, topic);
      if (!this.#join(conn, topic) && wasHeard)
        this.#effects.send(conn.id, errorMessage('DENIED', { ref: topicRef(topic) }));
    }
  }

  #isHeard(conn: Connection, topic: string): boolean {
    for (const { members } of this.#audiences.get(topic)?.values() ?? []) if (members.has(conn)) return true;
    return false;
  }
}
