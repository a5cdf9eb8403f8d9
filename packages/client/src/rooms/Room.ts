import { deepEqual } from '@topgun/core';
import { type Announcement, Attendance, type Present as Attending } from '@topgun/protocol/attendance';
import { contextOf } from '../clientContext.js';
import type { TopicHandle, TopicMessageInfo, TopicPosition, TopicStanding } from '../handles/TopicHandle.js';
import type { TopGunClient } from '../TopGunClient.js';
import { Listeners, type Unsubscribe } from '../utils/Listeners.js';

/** Somebody who is in a room: once, however many connections. */
export interface Present<S = unknown> extends Attending {
  /** what it says of itself, if anything */
  readonly state?: S;
}

/** What has changed of who is there. */
export interface PresenceChange<S = unknown> {
  /** all who are there now, by name */
  readonly present: readonly Present<S>[];
  readonly joined: readonly Present<S>[];
  readonly left: readonly Present<S>[];
  /** those that say something else of themselves */
  readonly updated: readonly Present<S>[];
}

export interface RoomOptions<S = unknown> {
  /** what this user says of itself to the others: any value of at most 1,024 bytes as JSON */
  readonly state?: S | undefined;
  /** so many of the last messages first, at most 1,000; default 0 */
  readonly last?: number | undefined;
  /** first what followed this place, as `info.position` of a message said */
  readonly since?: TopicPosition | undefined;
}

/** Everything that is held of a topic. */
const BEGINNING: TopicPosition = { epoch: '', offset: 0 };

/** A room that this client is in, until `leave`. Made by `joinRoom`. */
export class Room<T = unknown, S = unknown> {
  readonly name: string;
  readonly #client: TopGunClient;
  readonly #topic: TopicHandle<T>;
  readonly #messages: Listeners<readonly [data: T, info: TopicMessageInfo]>;
  readonly #changes: Listeners<PresenceChange<S>>;
  readonly #standings: Listeners<TopicStanding>;
  readonly #ends: readonly Unsubscribe[];
  readonly #attendance = new Attendance();
  #present: readonly Present<S>[] = [];

  constructor(client: TopGunClient, name: string, { state, last, since }: RoomOptions<S>) {
    const { logger } = contextOf(client);
    this.name = name;
    this.#client = client;
    this.#messages = new Listeners(`messages of room ${name}`, logger);
    this.#changes = new Listeners(`presence in room ${name}`, logger);
    this.#standings = new Listeners(`standing in room ${name}`, logger);
    this.#topic = client.topic<T>(topicOf(name));
    this.#ends = [
      client
        .topic<Announcement>(`presence/${topicOf(name)}`)
        .subscribe((said, info) => this.#heard(said, info), { since: BEGINNING }),
      this.#topic.subscribe((data, info) => this.#messages.emit([data, info]), {
        since,
        last,
        state,
        onStanding: (standing) => this.#standings.emit(standing),
      }),
    ];
  }

  /** Who is there, by name. The list is another one after each change. */
  get present(): readonly Present<S>[] {
    return this.#present;
  }

  /** Says something to the others there; `name` is what they hear it called. Throws `VALUE_NOT_ADMITTED`, `CLIENT_CLOSED`. */
  publish(data: T, options?: { readonly name?: string | undefined }): void {
    this.#topic.publish(data, options);
  }

  /** Calls back for each message of others, once and in order, those missed while there was no connection too. */
  onMessage(callback: (data: T, info: TopicMessageInfo) => void): Unsubscribe {
    return this.#messages.add((message) => callback(...message));
  }

  /** Calls back when somebody comes, goes, or says something else of itself; this user too. */
  onPresence(callback: (change: PresenceChange<S>) => void): Unsubscribe {
    return this.#changes.add(callback);
  }

  /** Calls back once it is entered, after each reconnection, and when messages are lost or it is put out of the room. */
  onStanding(callback: (standing: TopicStanding) => void): Unsubscribe {
    return this.#standings.add(callback);
  }

  /** What this user says of itself from now on; undefined: nothing. It holds for as long as the connection and the room do. */
  setState(state: S | undefined): void {
    contextOf(this.#client)
      .writable()
      .topicSubscribe(topicOf(this.name), { state: state ?? null });
  }

  /** Goes: the others are told at once. Nothing is called back any more. */
  leave(): void {
    for (const end of this.#ends) end();
    for (const listeners of [this.#messages, this.#changes, this.#standings]) listeners.clear();
  }

  #heard(said: Announcement, { timestamp }: TopicMessageInfo): void {
    this.#attendance.take(said, timestamp);
    const before = new Map(this.#present.map((one) => [one.user, one]));
    // What a node says of a state, it says of what the user gave it.
    const present = this.#attendance.list(timestamp) as Present<S>[];
    const joined = present.filter(({ user }) => !before.has(user));
    const updated = present.filter(({ user, state }) => {
      const known = before.get(user);
      before.delete(user);
      return known && !deepEqual(known.state, state);
    });
    const left = [...before.values()];
    this.#present = present;
    if (joined.length + left.length + updated.length > 0)
      this.#changes.emit({ present, joined, left, updated });
  }
}

const topicOf = (name: string): string => `room/${name}`;
