import type { TopicHeardMessage, TopicMsgMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import type { Unsubscribe } from '../utils/Listeners.js';
import { Listeners } from '../utils/Listeners.js';
import type { Logger } from '../utils/logger.js';
import type { HandleContext } from './HandleContext.js';

/** A place in a topic that keeps messages: to be stored, and given to `since` to go on there. Of one that keeps none `epoch` is ''. */
export interface TopicPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** Who published a message, and when by the server's clock (ms since the epoch). */
export interface TopicMessageInfo {
  readonly timestamp: number;
  readonly publisherId: string;
  /** the same for everybody who hears the message */
  readonly id: string;
  /** what the sender called the event, if anything */
  readonly name?: string | undefined;
  /** undefined: the topic keeps no messages, or a tab of this device has published it */
  readonly position?: TopicPosition | undefined;
}

/** How a subscription stands after it began, after each reconnection, and when something is lost. */
export interface TopicStanding {
  /** False: messages were missed that nobody can tell any more. Read the state anew. */
  readonly recovered: boolean;
  /** where live messages begin */
  readonly position: TopicPosition;
  /** The server has ended the subscription, as it does in a room that was silent for long. Subscribe again to come back. */
  readonly isOver: boolean;
}

export interface TopicSubscribeOptions {
  /** first what followed this place */
  readonly since?: TopicPosition | undefined;
  /** without `since`: so many of the last messages first, at most 1,000; default 0 */
  readonly last?: number | undefined;
  readonly onStanding?: ((standing: TopicStanding) => void) | undefined;
  /** Of a room: what this device says of itself to the others; any value of at most 1,024 bytes. `joinRoom` keeps it. */
  readonly state?: unknown;
}

type News = TopicMsgMessage | TopicHeardMessage;

/**
 * Messages for whoever listens. What a server keeps of them is told again after a reconnection: nothing is lost and nothing comes twice. Made by
 * `client.topic(name)`.
 */
export class TopicHandle<T> {
  readonly name: string;
  readonly #context: HandleContext;
  readonly #listeners: Listeners<News>;
  readonly #own = new Set<string>();
  #heard: News | undefined;

  constructor(name: string, context: HandleContext, logger: Logger) {
    this.name = name;
    this.#context = context;
    this.#listeners = new Listeners(`topic ${name}`, logger);
  }

  /** Sends to all other subscribers; `name` is what they hear the event called. Throws `VALUE_NOT_ADMITTED` for data that cannot travel. */
  publish(data: T, { name }: { readonly name?: string | undefined } = {}): void {
    isNew(this.#own, this.#context.writable().topicPublish(this.name, data, name));
  }

  /**
   * Calls back for every message of others, in their order, after each reconnection too; ends with the last subscriber. Where the topic keeps
   * messages each comes once, and those that came while there was no connection follow.
   */
  subscribe(
    callback: (data: T, info: TopicMessageInfo) => void,
    { since, last, state, onStanding }: TopicSubscribeOptions = {},
  ): Unsubscribe {
    const { engine } = this.#context;
    const ids = new Set<string>();
    // Who asks for nothing hears what comes from now on, also when somebody else has earlier messages told.
    let place: Partial<TopicPosition> | undefined =
      since ?? (last || !this.#listeners.size ? undefined : this.#heard);
    if (!this.#listeners.size || since || last || state !== undefined)
      engine.topicSubscribe(this.name, { since: since && [since.epoch, since.offset], last, state });
    const remove = this.#listeners.add((news) => {
      const { epoch, offset = 0 } = news;
      if (news.type === 'TOPIC_HEARD')
        return onStanding?.({
          recovered: news.recovered,
          position: { epoch: news.epoch, offset },
          isOver: !!news.over,
        });
      const { id, name, data, from, ts } = news;
      if (epoch && epoch === place?.epoch && offset <= (place.offset ?? 0)) return;
      if (epoch) place = { epoch, offset };
      if (this.#own.has(id) || !isNew(ids, id)) return;
      const info = { timestamp: ts, publisherId: from, id, name };
      // What travels on a topic is an agreement between the apps that use it.
      callback(data as T, epoch ? { ...info, position: { epoch, offset } } : info);
    });
    return () => {
      const before = this.#listeners.size;
      remove();
      if (before > 0 && this.#listeners.size === 0) engine.topicUnsubscribe(this.name);
    };
  }

  /** Called by the client for all that concerns the topic. */
  deliver(news: News): void {
    this.#listeners.emit(news);
    if (news.epoch) this.#heard = news;
  }
}

/** Notes an id among the last ones; false where it was there. */
function isNew(ids: Set<string>, id: string): boolean {
  if (ids.has(id)) return false;
  ids.add(id);
  if (ids.size > LIMITS.topicHistory) for (const oldest of ids) return ids.delete(oldest);
  return true;
}
