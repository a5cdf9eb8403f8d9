import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import type { Position, SharedMessage, Subscriber, TopicMessage, Topics } from '../ports.js';
import { SERVER_PRINCIPAL } from '../serverPrincipal.js';
import { topicOfRoom } from './Rooms.js';

/** An event of a room, as programs and other nodes know it. */
export interface RoomEnvelope {
  /** the node that took it */
  readonly node_id: string;
  /** the same on all nodes */
  readonly message_id: string;
  /** ms since the epoch of Unix */
  readonly timestamp: number;
  /** as it was published */
  readonly event: unknown;
}

export interface RoomEventOptions {
  /** 1 to 64 of `A-Z a-z 0-9 _ -`: publishing it twice within a minute is publishing it once; drawn by default */
  readonly messageId?: string;
  /** of the event, for `addEventListener` of the doors; at most 64 characters, none by default */
  readonly name?: string;
}

export interface RoomListenOptions {
  /** so many of the last events first; default 0 */
  readonly history?: number;
  /** what came since then first */
  readonly since?: Position;
  /** events of the room are lost that nobody can tell any more */
  readonly onLost?: () => void;
  /** the server closes, or nothing was said for too long (`roomIdleMs`, `roomMaxMs`): nothing more is heard */
  readonly onEnd?: () => void;
}

export interface RoomListening {
  /** whether everything since `since` was heard */
  readonly recovered: boolean;
  /** place of the last event before those that come live */
  readonly position: Position;
  leave(): void;
}

const ROOM_ID = new RegExp(`^[A-Za-z0-9_.:-]{1,${LIMITS.roomIdChars}}$`);
/** What every room hears of. */
const GLOBAL = 'global';

/**
 * Rooms for programs that run a server: `new RoomHub(server)`. The same on one node and on many (ROOM-2); clients enter rooms by
 * subscribing to the topic `room/<id>` through any door, where policies let them.
 */
export class RoomHub {
  readonly #server: { readonly topics: Topics | undefined };

  /** `server`: a `ServerCoordinator`. Its methods throw SERVER_STATE while it does not run. */
  constructor(server: { readonly topics: Topics | undefined }) {
    this.#server = server;
  }

  /**
   * Publishes an event to a room, whoever is in it. Resolves with its envelope when it is accepted. Throws TOPIC_INVALID for an id that
   * names no room and an event that is no value of a record, BUS_UNAVAILABLE.
   */
  publishRoomEvent(roomId: string, event: unknown, options: RoomEventOptions = {}): Promise<RoomEnvelope> {
    return this.#publish(topicOf(roomId), event, options);
  }

  /** Publishes an event to all who hear the topic `global`. Throws as `publishRoomEvent`. */
  broadcast(event: unknown, options: RoomEventOptions = {}): Promise<RoomEnvelope> {
    return this.#publish(GLOBAL, event, options);
  }

  /** Hears the events of a room. Throws TOPIC_INVALID, ROOM_FULL, BUS_UNAVAILABLE. */
  async subscribe(
    roomId: string,
    listener: (envelope: RoomEnvelope, message: TopicMessage) => void,
    options: RoomListenOptions = {},
  ): Promise<RoomListening> {
    const topic = topicOf(roomId);
    const topics = this.#topics();
    const { history, since, onLost, onEnd } = options;
    const subscriber: Subscriber = {
      principal: SERVER_PRINCIPAL,
      deliver: ({ message }: SharedMessage) => listener(envelopeOf(message), message),
      lost: () => onLost?.(),
      ended: () => onEnd?.(),
    };
    const { recovered, position } = await topics.subscribe(topic, subscriber, {
      ...(history !== undefined && { history }),
      ...(since !== undefined && { since }),
    });
    return { recovered, position, leave: () => topics.unsubscribe(topic, subscriber) };
  }

  async #publish(topic: string, event: unknown, options: RoomEventOptions): Promise<RoomEnvelope> {
    const { messageId, name } = options;
    const message = await this.#topics().publish(topic, event, SERVER_PRINCIPAL, {
      ...(messageId !== undefined && { id: messageId }),
      ...(name !== undefined && { name }),
    });
    return envelopeOf(message);
  }

  #topics(): Topics {
    const { topics } = this.#server;
    if (topics === undefined) throw serverError('SERVER_STATE', 'The server does not run: it has no rooms.');
    return topics;
  }
}

const envelopeOf = ({ node, id, ts, data }: TopicMessage): RoomEnvelope => ({
  node_id: node,
  message_id: id,
  timestamp: ts,
  event: data,
});

function topicOf(roomId: string): string {
  if (ROOM_ID.test(roomId)) return topicOfRoom(roomId);
  throw serverError(
    'TOPIC_INVALID',
    `${JSON.stringify(roomId)} names no room: 1 to ${LIMITS.roomIdChars} of A-Z a-z 0-9 _ . : - do.`,
  );
}
