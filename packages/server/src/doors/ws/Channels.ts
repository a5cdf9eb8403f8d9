import { createHash } from 'node:crypto';
import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { LimitCounts } from '../../limits/LimitCounts.js';
import type { Position, SubscribeOptions, SubscriptionEnd, Topics } from '../../topics/ports.js';
import type { FrameOf, SaidFrame } from './clientFrames.js';
import type { JsonConnection, Place } from './JsonConnection.js';
import { envelopeOf, GLOBAL, type JsonErrorCode, json, placeOf, type Reply, SYSTEM } from './serverFrames.js';

export interface ChannelsParts {
  /** undefined before the store is loaded */
  readonly topics: () => Topics | undefined;
  readonly limits: Pick<LimitCounts, 'hit'>;
  readonly tell: (conn: JsonConnection, reply: Reply) => void;
  /** something that is no refusal: for the log */
  readonly onFault: (error: unknown) => void;
}

/** What is told of errors, which are the topics' own; a text of theirs may name what somebody else wrote. */
const TEXTS: Readonly<Record<string, readonly [JsonErrorCode, string]>> = {
  TOPIC_DENIED: ['DENIED', 'No policy allows it.'],
  TOPIC_INVALID: ['TOPIC_INVALID', 'The topic or its payload is not one that can be published.'],
  TOPIC_FULL: ['TOPIC_FULL', 'The topic keeps all it was sent, and has no room for more.'],
  TOPIC_FULL_BYTES: ['TOPIC_FULL', 'The topic keeps all it was sent, and has no room for more.'],
  ROOM_FULL: ['LIMIT', 'The room is full.'],
  BUS_UNAVAILABLE: ['UNAVAILABLE', 'It cannot be accepted now. Try again later.'],
};
const NOT_NOW: readonly [JsonErrorCode, string] = [
  'UNAVAILABLE',
  'The server is not ready. Try again later.',
];
const FAULT: readonly [JsonErrorCode, string] = ['INTERNAL', 'The server failed.'];

/** The topics of connections: what they join, leave, look up and say (WSJ-10 to WSJ-23). */
export class Channels {
  readonly #parts: ChannelsParts;

  constructor(parts: ChannelsParts) {
    this.#parts = parts;
  }

  /** Joins the connection's own channels, and the topics that it comes back to. */
  enter(conn: JsonConnection, resume: ReadonlyMap<string, Position>): void {
    const own = ownTopics(conn);
    for (const topic of own) this.#join(conn, topic, { since: resume.get(topic) }, undefined, true);
    for (const [topic, since] of resume)
      if (!own.includes(topic)) this.#join(conn, topic, { since }, undefined);
  }

  /** Its principal is another one: what it hears follows. */
  review(conn: JsonConnection): void {
    this.#parts.topics()?.review(conn);
    for (const topic of ownTopics(conn))
      if (!conn.places.has(topic)) this.#join(conn, topic, {}, undefined, true);
  }

  subscribe(conn: JsonConnection, frame: FrameOf<'subscribe'>): void {
    const { topic, since, history, echo, state, message_id } = frame;
    this.#join(conn, topic, { since, history, echo, state }, message_id);
  }

  unsubscribe(conn: JsonConnection, { topic, message_id }: FrameOf<'unsubscribe'>): void {
    this.#inTurn(conn, topic, async (place) => {
      place.isJoined = false;
      this.#parts.topics()?.unsubscribe(topic, conn);
      this.#parts.tell(conn, { type: 'unsubscribed', topic, payload: {}, reply_to: message_id });
    });
  }

  history(conn: JsonConnection, { topic, since, limit, message_id: reply_to }: FrameOf<'history'>): void {
    this.#whilePending(conn, { topic, reply_to }, async (topics) => {
      const found = await topics.history(topic, conn.principal, since, limit);
      const messages: object[] = [];
      let bytes = 0;
      let isCut = false;
      for (const message of found.messages) {
        const envelope = envelopeOf(message);
        bytes += json(envelope).length;
        isCut = messages.length > 0 && bytes > LIMITS.wsHistoryBytes;
        if (isCut) break;
        messages.push(envelope);
      }
      const payload = {
        messages,
        recovered: found.recovered,
        has_more: isCut || found.hasMore,
        ...placeOf(found.latest),
      };
      this.#parts.tell(conn, { type: 'history', topic, payload, reply_to });
    });
  }

  /** Publishes what a connection says, under its user's name. */
  say(conn: JsonConnection, frame: SaidFrame): void {
    const { type, payload, message_id: reply_to } = frame;
    const topic = topicOf(conn, frame);
    if (topic === undefined)
      return this.#refuse(conn, 'BAD_MESSAGE', 'The frame names nobody it is for.', { reply_to });
    const { principal } = conn;
    if ((topic === GLOBAL || topic === SYSTEM) && !principal.roles.includes('ADMIN'))
      return this.#refuse(conn, 'DENIED', 'Only an ADMIN speaks to everybody.', { topic, reply_to });
    this.#whilePending(conn, { topic, reply_to }, async (topics) => {
      const id = reply_to === undefined ? {} : { id: idOf(principal.sub, reply_to) };
      const message = await topics.publish(topic, payload, principal, { name: type, by: conn, ...id });
      if (reply_to === undefined) return;
      const accepted = { message_id: message.id, ...placeOf(message) };
      this.#parts.tell(conn, { type: 'ack', topic, payload: accepted, reply_to });
    });
  }

  lost(conn: JsonConnection, topic: string): void {
    this.#parts.tell(conn, { type: 'system', topic, payload: { event: 'resync' } });
  }

  ended(conn: JsonConnection, topic: string, why: SubscriptionEnd): void {
    const place = conn.places.get(topic);
    if (place === undefined) return;
    place.isJoined = false;
    if (place.tail === undefined) conn.places.delete(topic);
    if (why === 'DENIED') this.#refuse(conn, ...(TEXTS.TOPIC_DENIED ?? FAULT), { topic });
    else this.#parts.tell(conn, { type: 'system', topic, payload: { event: 'unsubscribed' } });
  }

  /** The connection hears nothing any more. `isBroken`: its client did not leave, and may be back soon. */
  leave(conn: JsonConnection, isBroken: boolean): void {
    const topics = this.#parts.topics();
    for (const topic of conn.places.keys()) topics?.unsubscribe(topic, conn, isBroken);
    conn.places.clear();
  }

  /** `isOwn`: it did not ask for it, and is not told that it may not. */
  #join(
    conn: JsonConnection,
    topic: string,
    options: {
      readonly since?: Position | undefined;
      readonly history?: number | undefined;
      readonly echo?: boolean;
      readonly state?: unknown;
    },
    reply_to: string | undefined,
    isOwn = false,
  ): void {
    const { since, history, echo = true, state } = options;
    if (!conn.places.has(topic) && conn.places.size >= LIMITS.wsTopics) {
      this.#parts.limits.hit('wsTopics');
      const text = `A connection joins ${LIMITS.wsTopics} topics at most.`;
      return this.#refuse(conn, 'LIMIT', text, { topic, reply_to });
    }
    this.#inTurn(conn, topic, async (place) => {
      const topics = this.#parts.topics();
      if (topics === undefined) return this.#refuse(conn, ...NOT_NOW, { topic, reply_to });
      let recovered = true;
      if (!place.isJoined || since !== undefined || history !== undefined) {
        const wanted: SubscribeOptions = {
          echo,
          ...(since !== undefined && { since }),
          ...(history !== undefined && { history }),
          ...(state !== undefined && { state }),
        };
        try {
          place.isLossy = !topics.isLogged(topic);
          const subscribed = await topics.subscribe(topic, conn, wanted);
          if (conn.phase !== 'READY') return topics.unsubscribe(topic, conn);
          recovered = subscribed.recovered;
          const { position } = subscribed;
          // What came live meanwhile has a place behind it.
          if (position.epoch !== place.epoch || position.offset > place.offset)
            Object.assign(place, { epoch: position.epoch, offset: position.offset });
          place.isJoined = true;
        } catch (error) {
          place.isJoined = false;
          if (!isOwn || codeOf(error) !== 'TOPIC_DENIED') this.#failed(conn, error, { topic, reply_to });
          return;
        }
      } else if (!isOwn) {
        try {
          topics.putState(topic, conn, state);
        } catch (error) {
          return this.#failed(conn, error, { topic, reply_to });
        }
      }
      this.#parts.tell(conn, {
        type: 'subscribed',
        topic,
        payload: { recovered, ...placeOf(place) },
        reply_to,
      });
    });
  }

  /** What is done about one topic of one connection is done one after the other. */
  #inTurn(conn: JsonConnection, topic: string, work: (place: Place) => Promise<void>): void {
    const place: Place = conn.places.get(topic) ?? {
      topic,
      epoch: '',
      offset: 0,
      isJoined: false,
      isLossy: true,
      tail: undefined,
    };
    conn.places.set(topic, place);
    const run = async (): Promise<void> => {
      if (conn.phase === 'READY') await work(place).catch(this.#parts.onFault);
    };
    const tail = place.tail === undefined ? run() : place.tail.then(run);
    place.tail = tail;
    void tail.then(() => {
      if (place.tail !== tail) return;
      place.tail = undefined;
      if (!place.isJoined && conn.places.get(topic) === place) conn.places.delete(topic);
    });
  }

  #whilePending(
    conn: JsonConnection,
    about: { readonly topic: string; readonly reply_to: string | undefined },
    work: (topics: Topics) => Promise<void>,
  ): void {
    const topics = this.#parts.topics();
    if (topics === undefined) return this.#refuse(conn, ...NOT_NOW, about);
    if (conn.pending >= LIMITS.wsPending) {
      this.#parts.limits.hit('wsPending');
      const text = `${LIMITS.wsPending} messages wait to be accepted. Wait for them.`;
      return this.#refuse(conn, 'UNAVAILABLE', text, about);
    }
    conn.pending++;
    work(topics)
      .catch((error: unknown) => this.#failed(conn, error, about))
      .finally(() => {
        conn.pending--;
      });
  }

  #failed(
    conn: JsonConnection,
    error: unknown,
    about: { readonly topic?: string; readonly reply_to?: string | undefined },
  ): void {
    const known = TEXTS[codeOf(error) ?? ''];
    if (known === undefined) this.#parts.onFault(error);
    this.#refuse(conn, ...(known ?? FAULT), about);
  }

  #refuse(
    conn: JsonConnection,
    code: JsonErrorCode,
    message: string,
    about: { readonly topic?: string; readonly reply_to?: string | undefined },
  ): void {
    this.#parts.tell(conn, { type: 'error', ...about, payload: { code, message } });
  }
}

/** The last position that a connection was sent of each topic that has a log. */
export function positionsOf({ places }: JsonConnection): Record<string, Position> {
  const held = [...places].filter(([, { epoch }]) => epoch !== '');
  return Object.fromEntries(held.map(([topic, { epoch, offset }]) => [topic, { epoch, offset }]));
}

function ownTopics({ principal, tenant }: JsonConnection): readonly string[] {
  return [...(tenant === undefined ? [] : [`tenant/${tenant}`]), `user/${principal.sub}`, GLOBAL, SYSTEM];
}

/** Where something is said; undefined where the frame does not tell. */
function topicOf({ tenant }: JsonConnection, frame: SaidFrame): string | undefined {
  switch (frame.type) {
    case 'broadcast':
      return GLOBAL;
    case 'system':
      return SYSTEM;
    case 'notification':
      return frame.topic ?? (frame.to_user === undefined ? undefined : `user/${frame.to_user}`);
    case 'message':
      return frame.topic ?? (tenant === undefined ? undefined : `tenant/${tenant}`);
  }
}

/** The same for the same user and name of a message, and nobody else's: nobody can take another's place by guessing. */
function idOf(sub: string, name: string): string {
  return createHash('sha256').update(`${sub}\n${name}`).digest('base64url').slice(0, 32);
}

const codeOf = (error: unknown): string | undefined =>
  error instanceof TopGunError ? error.code : undefined;
