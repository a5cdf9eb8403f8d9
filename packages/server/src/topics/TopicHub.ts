import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { Principal } from '../security/PermissionPolicy.js';
import { DENIED } from '../security/policy/Rights.js';
import type { View } from '../security/policy/View.js';
import { Channel } from './Channel.js';
import { checkMessage, checkState, checkTopic } from './checkMessage.js';
import { Hearing, NOWHERE, seenThrough } from './Hearing.js';
import { mirrorOf } from './mirrorOf.js';
import type { Namespaces } from './Namespaces.js';
import { partsOf } from './partsOf.js';
import type {
  Bus,
  BusListener,
  Draft,
  History,
  Position,
  PublishOptions,
  Retention,
  Subscribed,
  SubscribeOptions,
  Subscriber,
  TopicMessage,
  Topics,
} from './ports.js';
import { isPresence } from './presence/presenceTopic.js';
import { isRoom, type Rooms } from './rooms/Rooms.js';
import { SERVER_PRINCIPAL } from './serverPrincipal.js';
import type { TopicGate } from './topicGate.js';

export interface TopicHubParts {
  readonly bus: Bus;
  readonly namespaces: Pick<Namespaces, 'retentionOf'>;
  readonly gate: TopicGate;
  /** of this node */
  readonly nodeId: string;
  readonly wallMs: () => number;
  /** the next turn of the event loop, when what this one has said is written */
  readonly nextTurn: () => Promise<void>;
  /** a message id that nobody draws again */
  readonly drawId: () => string;
  /** who may be in which room, and for how long; without it anybody */
  readonly rooms?: Rooms;
  /** live messages held for one subscriber, and messages of a log read at once; by default those of LIMITS */
  readonly limits?: { readonly held: number; readonly page: number };
}

/** For metrics; counters only ever grow. */
export interface TopicStats {
  /** topics with subscribers */
  readonly topics: number;
  readonly subscriptions: number;
  /** messages accepted here */
  readonly published: number;
  /** messages heard, of this node and of others */
  readonly heard: number;
  /** messages handed to subscribers live */
  readonly delivered: number;
  /** times that subscribers of a topic were told that messages are lost */
  readonly lost: number;
}

/**
 * The topics of a node (HUB-1): who hears what, and what each of them missed. Of a topic without a log everything happens in the turn of
 * the call, so that it runs on virtual time as well.
 *
 * Nothing is lost and nothing comes twice where a history ends and live messages begin: a subscriber hears live first, held back, then
 * the log is read, told, and what was held follows without what the log had already (HUB-4).
 */
export class TopicHub implements Topics, BusListener {
  readonly #parts: TopicHubParts;
  readonly #channels = new Map<string, Channel>();
  /** who published what is on its way back from the bus */
  readonly #publishers = new Map<string, Subscriber>();
  readonly #limits: { readonly held: number; readonly page: number };
  readonly #counts = { subscriptions: 0, published: 0, heard: 0, delivered: 0, lost: 0 };

  constructor(parts: TopicHubParts) {
    this.#parts = parts;
    this.#limits = parts.limits ?? { held: LIMITS.topicHeldMessages, page: LIMITS.topicReadMessages };
  }

  async subscribe(
    topic: string,
    subscriber: Subscriber,
    options: SubscribeOptions = {},
  ): Promise<Subscribed> {
    checkTopic(topic);
    checkState(options.state);
    const view = this.#viewOf(subscriber.principal, topic);
    const isLogged = this.isLogged(topic);
    const { echo = false } = options;
    const since = isLogged ? options.since : undefined;
    const hearing = new Hearing({ topic, subscriber, view, echo, since, heldMax: this.#limits.held });
    if (!isLogged) hearing.goLive();
    this.#join(hearing, options.state);
    if (!isLogged) return { recovered: options.since === undefined, position: NOWHERE };
    try {
      return await this.#catchUp(hearing, options);
    } catch (error) {
      if (!hearing.isOver) this.unsubscribe(topic, subscriber);
      throw error;
    }
  }

  unsubscribe(topic: string, subscriber: Subscriber, isBroken = false): void {
    const channel = this.#channels.get(topic);
    if (channel?.of(subscriber) === undefined) return;
    channel.remove(subscriber);
    this.#parts.rooms?.leave(topic, subscriber, isBroken);
    this.#counts.subscriptions--;
    if (channel.size > 0) return;
    this.#channels.delete(topic);
    this.#parts.bus.unlisten(topic);
  }

  hears(topic: string, subscriber: Subscriber): boolean {
    return this.#channels.get(topic)?.of(subscriber) !== undefined;
  }

  putState(topic: string, subscriber: Subscriber, state: unknown): void {
    checkState(state);
    this.#parts.rooms?.putState(topic, subscriber, state);
  }

  review(subscriber: Subscriber, topics: Iterable<string> = this.#channels.keys()): void {
    for (const topic of [...topics]) {
      const channel = this.#channels.get(topic);
      const hearing = channel?.of(subscriber);
      if (channel !== undefined && hearing !== undefined) this.#review(topic, channel, hearing);
    }
  }

  /** The policies have changed: what everybody hears follows. */
  reviewAll(): void {
    for (const [topic, channel] of [...this.#channels])
      for (const hearing of channel.hearings()) this.#review(topic, channel, hearing);
  }

  publish(
    topic: string,
    data: unknown,
    principal: Principal,
    options: PublishOptions = {},
  ): Promise<TopicMessage> {
    let draft: Draft;
    try {
      draft = this.#draft(topic, data, principal, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const accepted = this.#accept(draft, options);
    const mirror = mirrorOf(topic);
    if (mirror === undefined) return accepted;
    return accepted.then(async (message) => {
      await this.#accept({ ...draft, topic: mirror }, options);
      return message;
    });
  }

  /** Without a log it is heard within the call: what a subscriber throws then is a fault of this process, and reaches the caller as one. */
  #accept(draft: Draft, options: PublishOptions): Promise<TopicMessage> {
    const { bus, namespaces } = this.#parts;
    const retention = namespaces.retentionOf(draft.topic);
    const { by } = options;
    const way = wayOf(draft);
    if (by !== undefined) this.#expect(way, by);
    if (retention !== undefined) return this.#append(draft, retention, options);
    bus.send(draft);
    this.#publishers.delete(way);
    this.#counts.published++;
    return Promise.resolve({ ...draft, ...NOWHERE });
  }

  async #append(draft: Draft, retention: Retention, options: PublishOptions): Promise<TopicMessage> {
    const { ageMs } = retention;
    const expiresMs = draft.ts + Math.min(options.ttlMs ?? ageMs, ageMs);
    try {
      const message = await this.#parts.bus.append({ ...draft, expiresMs }, retention);
      this.#counts.published++;
      return message;
    } catch (error) {
      this.#publishers.delete(wayOf(draft));
      throw error;
    }
  }

  async history(
    topic: string,
    principal: Principal,
    after: Position | undefined,
    limit: number,
  ): Promise<History> {
    checkTopic(topic);
    const view = this.#viewOf(principal, topic);
    if (!this.isLogged(topic))
      return { messages: [], recovered: after === undefined, latest: NOWHERE, hasMore: false };
    const history = await this.#parts.bus.read(topic, after, limit);
    const messages = history.messages.flatMap((message) => seenThrough(view, message) ?? []);
    return { ...history, messages };
  }

  mayHear(topic: string, principal: Principal): boolean {
    return !this.#parts.gate.may(principal, topic).view.isBlind;
  }

  isLogged(topic: string): boolean {
    return this.#parts.namespaces.retentionOf(topic) !== undefined;
  }

  stats(): TopicStats {
    return { topics: this.#channels.size, ...this.#counts };
  }

  /** Ends the subscriptions of those who stayed too long in a room (ROOM-6). */
  putOut(): void {
    const { rooms, wallMs } = this.#parts;
    for (const { topic, subscriber } of rooms?.overdue(wallMs()) ?? [])
      this.#end(topic, subscriber, 'CLOSED');
  }

  /** Nothing is heard any more; everybody is told. */
  close(): void {
    for (const [topic, channel] of [...this.#channels])
      for (const { subscriber } of channel.hearings()) this.#end(topic, subscriber, 'CLOSED');
  }

  // --- what the bus tells ---

  message(message: TopicMessage): void {
    this.#counts.heard++;
    this.#parts.rooms?.spoke(message.topic, this.#parts.wallMs());
    let by: Subscriber | undefined;
    if (this.#publishers.size > 0) {
      const way = wayOf(message);
      by = this.#publishers.get(way);
      this.#publishers.delete(way);
    }
    this.#counts.delivered += this.#channels.get(message.topic)?.speak(message, by) ?? 0;
  }

  lost(topic: string): void {
    this.#counts.lost++;
    for (const hearing of this.#channels.get(topic)?.hearings() ?? []) {
      if (hearing.isLive) hearing.subscriber.lost(topic);
      else hearing.hasLost = true;
    }
  }

  /** Throws ROOM_FULL. */
  #join(hearing: Hearing, state: unknown): void {
    const { topic, subscriber } = hearing;
    const { rooms, wallMs } = this.#parts;
    let channel = this.#channels.get(topic);
    if (channel?.of(subscriber) !== undefined) rooms?.putState(topic, subscriber, state);
    else if (isRoom(topic)) rooms?.enter(topic, subscriber, wallMs(), state);
    if (channel === undefined) {
      channel = new Channel();
      this.#channels.set(topic, channel);
      this.#parts.bus.listen(topic);
    }
    if (channel.of(subscriber) === undefined) this.#counts.subscriptions++;
    channel.add(hearing);
  }

  /** Tells what the log holds, page by page, until nothing is missing before what comes live. */
  async #catchUp(hearing: Hearing, { since, history = 0 }: SubscribeOptions): Promise<Subscribed> {
    const { topic, subscriber } = hearing;
    const isOwn = (message: TopicMessage): boolean =>
      this.#publishers.size > 0 && hearing.skips(this.#publishers.get(wayOf(message)));
    let recovered = true;
    let after = since;
    for (;;) {
      const limit = after === undefined ? Math.min(history, LIMITS.topicHistory) : this.#limits.page;
      const page = await this.#parts.bus.read(topic, after, limit);
      // Also when another one has taken its place: that one is told.
      if (hearing.isOver) return { recovered: false, position: after ?? page.latest };
      recovered &&= page.recovered;
      let hasMet = false;
      for (const [index, part] of partsOf(page.messages).entries()) {
        if (index > 0) {
          await this.#parts.nextTurn();
          await subscriber.ready?.();
        }
        if (!hasMet && !hearing.isOver) hasMet = hearing.tell(part, isOwn);
      }
      if (hearing.isOver) return { recovered: false, position: after ?? page.latest };
      if (!hasMet && page.hasMore && page.messages.length > 0) {
        await subscriber.ready?.();
      } else if (hearing.caughtUp(page.latest)) break;
      after = hearing.told;
    }
    this.#channels.get(topic)?.place(hearing);
    return { recovered: recovered && !hearing.hasLost, position: hearing.told };
  }

  /** Throws TOPIC_DENIED. */
  #viewOf(principal: Principal, topic: string): View {
    const { gate } = this.#parts;
    const { view } = gate.may(principal, topic);
    if (!view.isBlind) return view;
    gate.denied(principal, topic, { action: 'READ' });
    throw denied(principal, 'hear', topic);
  }

  #review(topic: string, channel: Channel, hearing: Hearing): void {
    const { subscriber } = hearing;
    const { view } = this.#parts.gate.may(subscriber.principal, topic);
    if (view.isBlind) return this.#end(topic, subscriber, 'DENIED');
    if (view.signature === hearing.view.signature) return;
    hearing.view = view;
    channel.place(hearing);
  }

  #end(topic: string, subscriber: Subscriber, why: 'DENIED' | 'CLOSED'): void {
    this.unsubscribe(topic, subscriber);
    subscriber.ended(topic, why);
  }

  /** Throws TOPIC_DENIED and TOPIC_INVALID. */
  #draft(topic: string, data: unknown, principal: Principal, options: PublishOptions): Draft {
    const { gate, nodeId, wallMs, drawId } = this.#parts;
    checkTopic(topic);
    checkMessage(data, options);
    // Devices believe what is said there: it is the word of nodes alone (PRES-9).
    if (isPresence(topic) && principal !== SERVER_PRINCIPAL) throw denied(principal, 'speak on', topic);
    if (gate.may(principal, topic).put(undefined, data) === DENIED) {
      gate.denied(principal, topic, { action: 'PUT', next: data });
      throw denied(principal, 'speak on', topic);
    }
    const { id = drawId(), name = '', from = principal.sub } = options;
    return { topic, id, name, data, from, node: nodeId, ts: wallMs() };
  }

  /** A message of this subscriber will come back. Of one that never does, the note goes when there are too many. */
  #expect(way: string, by: Subscriber): void {
    this.#publishers.set(way, by);
    if (this.#publishers.size <= LIMITS.topicAppends) return;
    for (const oldest of this.#publishers.keys()) {
      this.#publishers.delete(oldest);
      break;
    }
  }
}

/** What a message goes by on its way through the bus. */
const wayOf = ({ topic, id }: Pick<Draft, 'topic' | 'id'>): string => `${topic}\n${id}`;

const denied = ({ sub }: Principal, verb: string, topic: string): Error =>
  serverError('TOPIC_DENIED', `${JSON.stringify(sub)} may not ${verb} the topic ${JSON.stringify(topic)}.`);
