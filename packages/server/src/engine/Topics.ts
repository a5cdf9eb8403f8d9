import { TopGunError } from '@topgun/core';
import type { ErrorCode, TopicMsgMessage, TopicPubMessage, TopicSubMessage } from '@topgun/protocol';
import { DENIED } from '../security/policy/Rights.js';
import type { Topics as Hub, SharedMessage, Subscribed, TopicMessage } from '../topics/ports.js';
import { topicMap } from '../topics/topicMap.js';
import type { Connection } from './Connection.js';
import { Ear, type Hears } from './Ear.js';
import { errorMessage, topicRef } from './errorMessage.js';
import type { Gate } from './Gate.js';
import type { ServerEffects } from './ports.js';
import type { Tally } from './Tally.js';
import { TopicPlace } from './TopicPlace.js';

/** What is answered where the hub refuses; by its code. Everything else may be possible later. */
const REFUSALS: Readonly<Record<string, ErrorCode>> = {
  ROOM_FULL: 'LIMIT',
  TOPIC_FULL: 'LIMIT',
  TOPIC_FULL_BYTES: 'LIMIT',
  TOPIC_INVALID: 'VALUE_NOT_ADMITTED',
  TOPIC_DENIED: 'DENIED',
};

/**
 * The topics that connections have open. Who hears what is the hub's to know, which other doors ask as well; here is what is about
 * connections: their places, refusals in the order of their other answers, and that messages do not wait for who is behind.
 */
export class Topics implements Hears {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #tally: Tally;
  readonly #hub: () => Hub | undefined;
  readonly #open = new Map<Connection, Map<string, TopicPlace>>();
  readonly #ears = new Map<Connection, Ear>();
  /** those that take nothing more, and who waits for them */
  readonly #behind = new Map<Connection, (() => void)[]>();
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
    for (const topics of this.#open.values()) for (const { isHeard } of topics.values()) if (isHeard) count++;
    return count;
  }

  countOf(conn: Connection): number {
    return this.#open.get(conn)?.size ?? 0;
  }

  isOpen(conn: Connection, topic: string): boolean {
    return this.#placeOf(conn, topic) !== undefined;
  }

  /** Begins where it is told to. Of a topic that is heard already, and without a place, nothing changes but the state in the room (TOP-5). */
  subscribe(conn: Connection, { topic, since, last, state }: TopicSubMessage): void {
    const known = this.#placeOf(conn, topic);
    if (known?.isHeard === true && since === undefined && last === undefined) {
      known.state = state;
      return this.#answerAgain(conn, topic, known);
    }
    let open = this.#open.get(conn);
    if (open === undefined) {
      open = new Map();
      this.#open.set(conn, open);
    }
    const from = since === undefined ? undefined : { epoch: since[0], offset: since[1] };
    const place = new TopicPlace(from, last, state);
    open.set(topic, place);
    if (!this.#gate.may(conn, topicMap(topic)).view.isBlind) return this.#hear(conn, topic, place);
    this.#gate.denied(conn, { action: 'READ', map: topicMap(topic), old: undefined });
    this.#tally.refuse('DENIED');
    this.#tell(conn, topic, 'DENIED');
  }

  /** `isBroken`: it did not leave by itself, and may be back soon (PRES-8). */
  unsubscribe(conn: Connection, topic: string, isBroken = false): void {
    const open = this.#open.get(conn);
    const ear = this.#ears.get(conn);
    if (open?.get(topic)?.isHeard === true && ear !== undefined)
      this.#hub()?.unsubscribe(topic, ear, isBroken);
    open?.delete(topic);
  }

  unsubscribeAll(conn: Connection, isBroken = false): void {
    for (const topic of [...(this.#open.get(conn)?.keys() ?? [])]) this.unsubscribe(conn, topic, isBroken);
    this.#open.delete(conn);
    this.#ears.delete(conn);
    this.#relieved(conn);
  }

  /**
   * The network does not take what the connection is sent, or has taken all of it: messages do not wait for it. What has a log goes on
   * out of it where it was (FLOW-4).
   */
  pressed(conn: Connection, isBehind: boolean): void {
    if (isBehind) {
      if (!this.#behind.has(conn)) this.#behind.set(conn, []);
      return;
    }
    this.#relieved(conn);
    for (const [topic, place] of [...(this.#open.get(conn) ?? [])])
      if (place.hasGap && place.phase === 'live') this.#hear(conn, topic, place);
  }

  publish(conn: Connection, { topic, data, id, name }: TopicPubMessage): void {
    const allowed = this.#gate.may(conn, topicMap(topic)).put(undefined, data);
    if (allowed === DENIED) {
      this.#tally.refuse('DENIED');
      this.#gate.denied(conn, { action: 'PUT', map: topicMap(topic), old: undefined, next: data });
      this.#tell(conn, topic, 'DENIED');
      return;
    }
    this.#tally.topicMessages++;
    const by = this.#earOf(conn);
    const hub = this.#hub();
    if (hub === undefined) return this.#tell(conn, topic, 'UNAVAILABLE');
    const options = { by, ...(id !== undefined && { id }), ...(name !== undefined && { name }) };
    hub.publish(topic, data, by.principal, options).catch((error: unknown) => {
      if (this.#ears.get(conn) === by) this.#tell(conn, topic, refusalOf(error));
    });
  }

  /** Rights have changed: whoever may listen now does, under the new view; who could until now and may not any more is told. */
  review(conn: Connection): void {
    const open = this.#open.get(conn);
    if (open === undefined) return;
    for (const [topic, place] of [...open]) {
      const isHeard = !this.#gate.may(conn, topicMap(topic)).view.isBlind;
      if (isHeard && !place.isHeard) {
        const again = place.again();
        open.set(topic, again);
        this.#hear(conn, topic, again);
      }
      if (!isHeard && place.isHeard) {
        this.#hub()?.unsubscribe(topic, this.#earOf(conn));
        this.denied(conn, topic);
      }
    }
    this.#hub()?.review(this.#earOf(conn), open.keys());
  }

  // --- what the hub tells ---

  heard(conn: Connection, shared: SharedMessage): void {
    const { topic, epoch, offset } = shared.message;
    const place = this.#placeOf(conn, topic);
    if (place === undefined || place.misses(epoch, this.#behind.has(conn))) {
      // What has a log is told later.
      if (epoch === '') this.#tally.topicDrops++;
      return;
    }
    place.reached({ epoch, offset });
    if (this.#heard?.shared !== shared) this.#heard = { shared, message: messageOf(shared.message) };
    this.#effects.sendShared([conn.id], this.#heard.message, shared);
  }

  denied(conn: Connection, topic: string): void {
    const place = this.#placeOf(conn, topic);
    if (place !== undefined) place.phase = 'refused';
    this.#tell(conn, topic, 'DENIED');
  }

  lost(conn: Connection, topic: string): void {
    const place = this.#placeOf(conn, topic);
    if (place !== undefined) this.#answer(conn, topic, place, false);
  }

  over(conn: Connection, topic: string): void {
    const place = this.#placeOf(conn, topic);
    if (place === undefined) return;
    this.#open.get(conn)?.delete(topic);
    this.#answer(conn, topic, place, false, true);
  }

  drained(conn: Connection): Promise<void> | undefined {
    const waiting = this.#behind.get(conn);
    return waiting && new Promise((resolve) => waiting.push(resolve));
  }

  #hear(conn: Connection, topic: string, place: TopicPlace): void {
    const hub = this.#hub();
    if (hub === undefined) return this.#failed(conn, topic, place, 'UNAVAILABLE');
    const ear = this.#earOf(conn);
    const options = place.read();
    const asked = hub.subscribe(topic, ear, options);
    const failed = (error: unknown): void => this.#failed(conn, topic, place, refusalOf(error));
    if (hub.isLogged(topic)) {
      asked.then((subscribed) => this.#caughtUp(conn, topic, place, subscribed), failed);
      return;
    }
    asked.catch(failed);
    // Of a topic without a log everything has happened by now.
    const recovered = options.since === undefined;
    if (hub.hears(topic, ear)) this.#caughtUp(conn, topic, place, { recovered, position: NOWHERE });
  }

  #caughtUp(conn: Connection, topic: string, place: TopicPlace, { recovered, position }: Subscribed): void {
    if (this.#placeOf(conn, topic) !== place || place.phase !== 'reading') return;
    place.phase = 'live';
    place.isRecovered &&= recovered;
    if (place.hasGap) {
      if (!this.#behind.has(conn)) this.#hear(conn, topic, place);
      return;
    }
    place.reached(position);
    // Of one that was behind for a while and missed nothing there is nothing to tell.
    if (!place.isAnswered || !place.isRecovered) this.#answer(conn, topic, place, place.isRecovered);
  }

  #failed(conn: Connection, topic: string, place: TopicPlace, code: ErrorCode): void {
    if (this.#placeOf(conn, topic) !== place) return;
    this.#open.get(conn)?.delete(topic);
    this.#tell(conn, topic, code);
  }

  #answerAgain(conn: Connection, topic: string, place: TopicPlace): void {
    try {
      this.#hub()?.putState(topic, this.#earOf(conn), place.state);
    } catch (error) {
      return this.#tell(conn, topic, refusalOf(error));
    }
    if (place.phase === 'live' && !place.hasGap) this.#answer(conn, topic, place, true);
  }

  #answer(conn: Connection, topic: string, place: TopicPlace, recovered: boolean, isOver = false): void {
    place.isAnswered = true;
    place.isRecovered = true;
    const { epoch, offset } = place;
    const answer = { type: 'TOPIC_HEARD', topic, recovered, epoch, offset } as const;
    this.#effects.send(conn.id, isOver ? { ...answer, over: true } : answer);
  }

  #relieved(conn: Connection): void {
    const waiting = this.#behind.get(conn) ?? [];
    this.#behind.delete(conn);
    for (const resolve of waiting) resolve();
  }

  #placeOf(conn: Connection, topic: string): TopicPlace | undefined {
    return this.#open.get(conn)?.get(topic);
  }

  #earOf(conn: Connection): Ear {
    const ear = this.#ears.get(conn) ?? new Ear(conn, this);
    this.#ears.set(conn, ear);
    return ear;
  }

  #tell(conn: Connection, topic: string, code: ErrorCode): void {
    this.#effects.send(conn.id, errorMessage(code, { ref: topicRef(topic) }));
  }
}

/** On the wire everybody has a name; the server itself has that of its node. */
function messageOf({ topic, id, name, data, from, node, ts, epoch, offset }: TopicMessage): TopicMsgMessage {
  const said = { type: 'TOPIC_MSG', topic, data, from: from || node, ts, id } as const;
  const named = name === '' ? said : { ...said, name };
  return epoch === '' ? named : { ...named, epoch, offset };
}

const NOWHERE = { epoch: '', offset: 0 };

/** What the hub cannot do at the moment, or never: a log that is full, data that no message can hold. */
const refusalOf = (error: unknown): ErrorCode =>
  (error instanceof TopGunError ? REFUSALS[error.code] : undefined) ?? 'UNAVAILABLE';
