import { ServerResponse } from 'node:http';
import { BridgeStream } from '@topgun/server/internal/doors/bridge/BridgeStream';
import { EventStream } from '@topgun/server/internal/doors/held/EventStream';
import { SseConnection } from '@topgun/server/internal/doors/sse/SseConnection';
import { Channels } from '@topgun/server/internal/doors/ws/Channels';
import { JsonDoor } from '@topgun/server/internal/doors/ws/JsonDoor';
import { JsonSocket } from '@topgun/server/internal/doors/ws/JsonSocket';
import { Outgoing } from '@topgun/server/internal/doors/ws/Outgoing';
import { Ear } from '@topgun/server/internal/engine/Ear';
import { Outbox } from '@topgun/server/internal/engine/outbox/Outbox';
import { View } from '@topgun/server/internal/security/policy/View';
import type { SharedMessage, TopicMessage } from '@topgun/server/internal/topics/ports';
import { Presence } from '@topgun/server/internal/topics/presence/Presence';
import { SharedTopicMessage } from '@topgun/server/internal/topics/SharedTopicMessage';
import { SERVER_PRINCIPAL } from '@topgun/server/internal/topics/serverPrincipal';
import { TopicHub } from '@topgun/server/internal/topics/TopicHub';
import type { DoorOutlet } from '@topgun/sim/internal/oracle/outlets';
import { all } from '@topgun/sim/internal/teeth/PlantedBug';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import { around, unmaskedIn } from '../plants/unmasked.js';
import type { PlantedInDoors } from './runDoorCase.js';

/** A leak put into a door of the running server, and the outlet through which the oracle must see it leave. */
export interface PlantInDoor {
  readonly outlet: DoorOutlet | 'topic' | 'the log';
  readonly name: string;
  readonly plant: PlantedInDoors;
  /** the actions that lead to it; all when left out */
  readonly does?: readonly string[];
}

/** What a mistake would find in the server's memory: messages as they were published, by id, and the last one. */
class Memory {
  readonly raw = new Map<string, TopicMessage>();
  #last: TopicMessage | undefined;
  readonly forget = replaceMethod(TopicHub, 'message', (message) => {
    const { raw } = this;
    const note = (heard: TopicMessage): void => {
      raw.set(heard.id, heard);
      if (/zq[0-9a-z]{7}qz/.test(JSON.stringify(heard.data))) this.#last = heard;
    };
    return function (this: TopicHub, heard) {
      note(heard);
      return message.call(this, heard);
    };
  });

  whole(message: TopicMessage): TopicMessage {
    const { data } = this.raw.get(message.id) ?? message;
    return { ...message, data };
  }

  shared({ message }: SharedMessage): SharedMessage {
    return new SharedTopicMessage(this.whole(message));
  }

  /** A text of what was said last. */
  get secret(): string {
    return /zq[0-9a-z]{7}qz/.exec(JSON.stringify(this.#last?.data ?? ''))?.[0] ?? '';
  }
}

/** With what was published at hand. */
const withMemory =
  (plant: (memory: Memory) => () => void): PlantedInDoors =>
  () => {
    const memory = new Memory();
    return all(memory.forget, plant(memory));
  };

/** Histories are as they are kept for whoever asks for them through a method, or through none of these. */
const historyWholeIn = (methods: 'of /ws' | 'of HTTP'): PlantedInDoors =>
  withMemory((memory) => {
    let depth = 0;
    const within = (type: { readonly prototype: object }, method: string): (() => void) =>
      around(type, method, (run) => {
        depth++;
        try {
          // What they ask the hub for they ask at once.
          return run();
        } finally {
          depth--;
        }
      });
    return all(
      replaceMethod(
        TopicHub,
        'history',
        (history) =>
          async function (this: TopicHub, topic, principal, ...rest) {
            const isMeant = methods === 'of /ws' ? depth > 0 : depth === 0 && principal.sub !== '';
            const found = await history.call(this, topic, principal, ...rest);
            return isMeant ? { ...found, messages: found.messages.map((each) => memory.whole(each)) } : found;
          },
      ),
      within(Channels, 'history'),
      within(Presence, 'list'),
    );
  });

/** A frame that streams of a class send says more than it should. */
const inFrame = (
  type: abstract new (...args: never[]) => EventStream,
  text: string,
  more: (secret: string) => string,
): PlantedInDoors =>
  withMemory((memory) =>
    replaceMethod(
      // It is protected: what is planted is a mistake of its own class.
      EventStream as unknown as { prototype: { push(frame: Buffer): void } },
      'push',
      (push) =>
        function (this: { push(frame: Buffer): void }, frame) {
          const isMeant = this instanceof type && frame.includes(text) && memory.secret !== '';
          const said = isMeant ? frame.toString().replace(text, more(memory.secret)) : frame;
          push.call(this as never, Buffer.from(said as string));
        },
    ),
  );

/** Answers to changes below a path tell it in a header. */
const inHeaderOf = (path: string): PlantedInDoors =>
  withMemory((memory) =>
    replaceMethod(
      ServerResponse,
      'writeHead',
      (writeHead) =>
        function (this: ServerResponse, ...args: Parameters<ServerResponse['writeHead']>) {
          const { url = '', method } = this.req;
          if (url.startsWith(path) && method !== 'GET') this.setHeader('X-Last', memory.secret);
          return writeHead.apply(this, args);
        },
    ),
  );

const SAY = ['say over HTTP', 'say at /ws', 'policies', 'renew'];
const OF_HOOKS = ['subscribe a webhook', 'policies', 'renew'];

/** One for each outlet at the doors, and for topics and the log once more. */
export const doorsPlants: readonly PlantInDoor[] = [
  {
    outlet: 'ws message',
    name: 'messages at /ws are not masked',
    plant: withMemory((memory) =>
      replaceMethod(
        JsonDoor,
        'deliver',
        (deliver) =>
          function (this: JsonDoor, conn, shared) {
            return deliver.call(this, conn, memory.shared(shared));
          },
      ),
    ),
  },
  {
    outlet: 'ws history',
    name: 'histories at /ws are not masked',
    does: [...SAY, 'history at /ws'],
    plant: historyWholeIn('of /ws'),
  },
  {
    outlet: 'ws reply',
    name: 'an answer at /ws tells what was said last',
    plant: withMemory((memory) =>
      replaceMethod(
        Outgoing,
        'tell',
        (tell) =>
          function (this: Outgoing, conn, reply) {
            return tell.call(this, conn, {
              ...reply,
              payload: { ...(reply.payload as object), last: memory.secret },
            });
          },
      ),
    ),
  },
  {
    outlet: 'ws close',
    name: 'the reason of a close tells what was said last',
    plant: withMemory((memory) =>
      replaceMethod(
        JsonSocket,
        'close',
        (close) =>
          function (this: JsonSocket, code, reason, ...rest) {
            return close.call(this, code, `${reason} ${memory.secret}`, ...rest);
          },
      ),
    ),
  },
  {
    outlet: 'sse message',
    name: 'messages on event streams are not masked',
    plant: withMemory((memory) =>
      replaceMethod(
        SseConnection,
        'deliver',
        (deliver) =>
          function (this: SseConnection, shared) {
            return deliver.call(this, memory.shared(shared));
          },
      ),
    ),
  },
  {
    outlet: 'sse message',
    name: 'event streams outlive the rights they were opened with',
    plant: () => replaceMethod(TopicHub, 'reviewAll', () => () => undefined),
  },
  {
    outlet: 'sse notice',
    name: 'the first frame of events tells what was said last',
    plant: inFrame(SseConnection, '"connected"', (secret) => `"connected","last":"${secret}"`),
  },
  {
    outlet: 'bridge message',
    name: 'a hearer gets what lies in the mailboxes of others',
    plant: withMemory(({ raw }) =>
      replaceMethod(
        TopicHub,
        'history',
        (history) =>
          async function (this: TopicHub, topic, ...rest) {
            const found = await history.call(this, topic, ...rest);
            if (!topic.startsWith('mailbox/')) return found;
            const all = [...raw.values()].filter((each) => each.topic.startsWith('mailbox/'));
            return { ...found, messages: all.map((each) => ({ ...each, topic })) };
          },
      ),
    ),
  },
  {
    outlet: 'bridge notice',
    name: 'the end of a queue tells what was said last',
    plant: inFrame(BridgeStream, 'queue_done', (secret) => `queue_done ${secret}`),
  },
  {
    outlet: 'bridge answer',
    name: 'whoever posts is told what was said last',
    plant: inHeaderOf('/bridge/message'),
  },
  {
    outlet: 'presence answer',
    name: 'whoever is present is told what was said last',
    plant: inHeaderOf('/api/presence/'),
  },
  {
    outlet: 'topic history',
    name: 'histories over HTTP are not masked',
    does: [...SAY, 'history over HTTP'],
    plant: historyWholeIn('of HTTP'),
  },
  {
    outlet: 'topic answer',
    name: 'whoever publishes is told what was said last',
    plant: withMemory((memory) =>
      replaceMethod(
        TopicHub,
        'publish',
        (publish) =>
          async function (this: TopicHub, ...asked) {
            const { secret } = memory;
            const published = await publish.apply(this, asked);
            return secret === '' ? published : { ...published, id: secret };
          },
      ),
    ),
  },
  {
    outlet: 'presence list',
    name: 'who is there is listed for who may not read it',
    plant: () =>
      replaceMethod(
        Presence,
        'list',
        (list) =>
          function (this: Presence, topic) {
            return list.call(this, topic, SERVER_PRINCIPAL);
          },
      ),
  },
  {
    outlet: 'webhook record',
    name: 'rows that are told to addresses outside are not masked',
    does: [...OF_HOOKS, 'write a row'],
    plant: unmaskedIn(Outbox, 'deliveriesOf'),
  },
  {
    outlet: 'webhook removal',
    name: 'the end of a row that was never seen is told to addresses outside',
    does: [...OF_HOOKS, 'write a row'],
    plant: () => {
      let isHere = false;
      let wasHidden = false;
      return all(
        replaceMethod(
          View,
          'project',
          (project) =>
            function (this: View, value) {
              const seen = project.call(this, value);
              // The row that was there before is looked at when the new one is hidden.
              if (isHere && wasHidden && seen === undefined) {
                wasHidden = false;
                return {};
              }
              wasHidden = isHere && seen === undefined;
              return seen;
            },
        ),
        around(Outbox, 'deliveriesOf', (run) => {
          isHere = true;
          wasHidden = false;
          try {
            return run();
          } finally {
            isHere = false;
          }
        }),
      );
    },
  },
  {
    outlet: 'webhook topic',
    name: 'messages that are told to addresses outside are not masked',
    does: [...OF_HOOKS, 'say over HTTP'],
    plant: withMemory((memory) =>
      replaceMethod(
        Outbox,
        'tell',
        (tell) =>
          function (this: Outbox, to, event) {
            return tell.call(this, to, { ...event, data: memory.whole(event.data as TopicMessage) });
          },
      ),
    ),
  },
  {
    outlet: 'topic',
    name: 'messages over binary sockets are not masked',
    plant: withMemory((memory) =>
      replaceMethod(
        Ear,
        'deliver',
        (deliver) =>
          function (this: Ear, shared) {
            return deliver.call(this, memory.shared(shared));
          },
      ),
    ),
  },
];
