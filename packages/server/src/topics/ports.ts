import type { Principal } from '../security/PermissionPolicy.js';

/**
 * Place of a message in the log of its topic. Offsets of one epoch rise, with holes; those of different epochs cannot be compared. A
 * topic without a log has the epoch '' and the offset 0.
 */
export interface Position {
  readonly epoch: string;
  readonly offset: number;
}

/** A message as every door, bus and log knows it. Never changed once it is made. */
export interface TopicMessage extends Position {
  readonly topic: string;
  /** drawn where it was published, at most 64 characters; on all nodes and in every log the same */
  readonly id: string;
  /** of the event; '' where it has none */
  readonly name: string;
  /** JSON, or any value of a record where it came from a binary socket */
  readonly data: unknown;
  /** subject of the sender; '' for the server itself */
  readonly from: string;
  /** id of the node that accepted it */
  readonly node: string;
  /** when it was accepted, ms since the epoch of Unix */
  readonly ts: number;
  /** when a log may forget it, ms since the epoch of Unix */
  readonly expiresMs?: number;
}

/** A message before it has a place. */
export type Draft = Omit<TopicMessage, keyof Position>;

/** What a log holds of a topic after a position. */
export interface History {
  /** by rising offset */
  readonly messages: readonly TopicMessage[];
  /** whether nothing between the position and the first of them is missing; true where no position was given */
  readonly recovered: boolean;
  /** of the last message, whether it is still held or not; offset 0 where there was none */
  readonly latest: Position;
  /** whether more follow, beyond the number that was asked for */
  readonly hasMore: boolean;
}

/** How long the log of a topic keeps messages; what goes first decides. */
export interface Retention {
  readonly count: number;
  readonly ageMs: number;
  /** bytes of all messages of a topic together */
  readonly bytes: number;
  /** whether an accepted message survives the end of the process */
  readonly durable: boolean;
  /** drop (default): the oldest goes; refuse: TOPIC_FULL or TOPIC_FULL_BYTES, for what has not expired must stay, as in a mailbox */
  readonly whenFull?: 'drop' | 'refuse';
}

/** The logs of topics: of this node, in memory or the embedded store, or of all nodes of a cluster, in PostgreSQL. Offsets rise over all topics, in the order of acceptance. */
export interface LogStore {
  open(): Promise<void>;
  /** Gives it a place and resolves once the message is as durable as `retention` says. Throws TOPIC_FULL (by count) and TOPIC_FULL_BYTES where the log may drop nothing or has no room, and what the disk refuses. */
  append(draft: Draft, retention: Retention): Promise<TopicMessage>;
  /**
   * The first `limit` messages after the position; without one the last `limit` that are held, and nothing follows them (0: `latest` alone).
   * After a position of another epoch all that are held, from the first on, and `recovered` is false. Expired ones are not among them. Reads
   * see a topic up to some offset: a message whose predecessor may still appear is not seen.
   */
  read(topic: string, after: Position | undefined, limit: number): Promise<History>;
  /** Forgets what has expired; does a bounded piece of work, and says whether more is due. */
  sweep(nowMs: number): Promise<boolean>;
  stats(): {
    readonly topics: number;
    readonly messages: number;
    readonly bytes: number;
    readonly expired: number;
  };
  close(): Promise<void>;
}

/** What a bus tells the hub of its node. */
export interface BusListener {
  /**
   * A message of this node or of another; of a logged topic in the order of its offsets, each once. One without a place is accepted and not
   * in the log yet: it may be heard again under its id when it is.
   */
  message(message: TopicMessage): void;
  /** Of this topic, messages are lost that cannot be told any more: its subscribers must begin anew. Live ones follow. */
  lost(topic: string): void;
}

/** Carries messages between nodes. Local subscribers hear of a logged message through `BusListener.message` too, so that all hear one order. */
export interface Bus {
  open(listener: BusListener): Promise<void>;
  /** This node wants messages of the topic; asked once, until `unlisten`. */
  listen(topic: string): void;
  unlisten(topic: string): void;
  /** Topic without a log: to the local subscribers in this turn, to other nodes as soon as may be; at most once. */
  send(draft: Draft): void;
  /** Topic with a log: resolves when the message is accepted, with its place. Throws TOPIC_FULL and BUS_UNAVAILABLE. */
  append(draft: Draft, retention: Retention): Promise<TopicMessage>;
  read(topic: string, after: Position | undefined, limit: number): Promise<History>;
  /** ok; degraded: other nodes are not heard, local delivery goes on */
  readonly status: 'ok' | 'degraded';
  close(): Promise<void>;
}

/** What the settings say of the topics whose name matches. */
export interface Namespace {
  /** exact, or ending in `*` for all names that begin so; the longest match holds */
  readonly pattern: string;
  /** undefined: messages are not kept */
  readonly retention: Retention | undefined;
}

/** A message on its way to many: each form of it is made once, whoever asks first. */
export interface SharedMessage {
  readonly message: TopicMessage;
  /** The bytes of a door's form; `make` runs once for all subscribers with the same view. */
  encoded(form: string, make: (message: TopicMessage) => Buffer): Buffer;
}

/** Why a subscription ended without being asked to. */
export type SubscriptionEnd = 'DENIED' | 'CLOSED';

/** Who hears a topic. Called in the order of the topic; must not throw, and must not call the hub before it returns. */
export interface Subscriber {
  readonly principal: Principal;
  deliver(shared: SharedMessage): void;
  /** Waited for between the parts of a long history, for subscribers that take no more at the moment. */
  ready?(): Promise<void> | undefined;
  /** Messages of the topic are lost to it that cannot be told any more: it must begin anew. The subscription goes on. */
  lost(topic: string): void;
  ended(topic: string, why: SubscriptionEnd): void;
}

export interface SubscribeOptions {
  /** hears what it has missed since; of a topic without a log, or unknown by now: `recovered: false` */
  readonly since?: Position;
  /** without `since`: so many of the last messages first; default 0 */
  readonly history?: number;
  /** whether its own messages come back to it (`publish` with the same `by`); default false */
  readonly echo?: boolean;
  /** of a room: what it says of itself to the others there (PRES-7) */
  readonly state?: unknown;
}

export interface Subscribed {
  /** whether it has heard all since `since`; true where none was given */
  readonly recovered: boolean;
  /** place of the last message before those that follow live */
  readonly position: Position;
}

export interface PublishOptions {
  readonly name?: string;
  /** the subscriber that publishes, which hears it only with `echo` */
  readonly by?: Subscriber;
  /** 1…64 characters of [A-Za-z0-9_-]: publishing it twice is publishing it once, within the bus's window; drawn by default */
  readonly id?: string;
  /** how long a log keeps it at most, ms; the namespace's age by default */
  readonly ttlMs?: number;
  /** logged as the sender; the principal's subject by default */
  readonly from?: string;
}

/**
 * The topics of this node: who hears what, in which order, and what was missed. Every door asks it, and it asks the policies: hearing
 * needs READ, speaking PUT on `topic:<name>`.
 */
export interface Topics {
  /**
   * Hears a topic from now on, after what `options` ask for, without a gap and without a repeat. Live messages may be delivered before it
   * resolves, never before those from the log. Throws TOPIC_DENIED, TOPIC_INVALID, and what the bus refuses.
   */
  subscribe(topic: string, subscriber: Subscriber, options?: SubscribeOptions): Promise<Subscribed>;
  /**
   * Of two subscribers of a topic the other one goes on. Nothing is delivered after it, also where a history was being read. `isBroken`: its
   * connection was lost, and it may be back soon (PRES-8).
   */
  unsubscribe(topic: string, subscriber: Subscriber, isBroken?: boolean): void;
  /** Whether a subscriber hears a topic, or is being told its history. */
  hears(topic: string, subscriber: Subscriber): boolean;
  /** What a subscriber says of itself in a room from now on; undefined: nothing. Throws TOPIC_INVALID. Of other topics nothing happens. */
  putState(topic: string, subscriber: Subscriber, state: unknown): void;
  /**
   * The principal of a subscriber is another one: what it hears follows its rights, and ends with `ended` where it has none. `topics`: those
   * it may hear, where the door knows them; all by default.
   */
  review(subscriber: Subscriber, topics?: Iterable<string>): void;
  /** Resolves when it is accepted: sent, or in the log as durable as its namespace says. Throws TOPIC_DENIED, TOPIC_INVALID, TOPIC_FULL, BUS_UNAVAILABLE. */
  publish(
    topic: string,
    data: unknown,
    principal: Principal,
    options?: PublishOptions,
  ): Promise<TopicMessage>;
  /** What the log holds, for this principal. */
  history(topic: string, principal: Principal, after: Position | undefined, limit: number): Promise<History>;
  /** Whether anything of a topic may be heard; asking is no denial. */
  mayHear(topic: string, principal: Principal): boolean;
  /** Whether the log keeps messages of this topic. */
  isLogged(topic: string): boolean;
}
