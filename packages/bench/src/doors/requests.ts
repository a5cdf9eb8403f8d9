import type { ServerConfigInput } from '@topgun/server';

/** How a subscriber is served. The bare ones and socket.io are the peers of the fan-out. */
export type DoorKind = 'binary' | 'json' | 'sse' | 'bare-ws' | 'bare-sse' | 'bare-net' | 'socket.io';

/** Publishes from within the server's process, `perTick` messages in one turn, a turn every `intervalMs`. */
export interface PublishRequest {
  readonly what: 'publish';
  readonly ticks: number;
  readonly perTick: number;
  readonly intervalMs: number;
  /** To how many topics, one message after the other. Default one. */
  readonly topics?: number;
  /** To the microsecond, for latencies: it turns the loop before a message is due, which would count as the server's work. */
  readonly isPrecise?: boolean;
}

/** What the parent asks of a server with subscribers, ours or a peer. */
export type DoorServerRequest =
  | { readonly what: 'start'; readonly folder: string; readonly config?: ServerConfigInput }
  | { readonly what: 'cpu' }
  | { readonly what: 'memory' }
  | PublishRequest;

/** What the parent asks of a process with subscribers. */
export type SubscribersRequest =
  | {
      readonly what: 'connect';
      readonly kind: DoorKind;
      readonly port: number;
      /** subscribers have numbers, from this one on */
      readonly from: number;
      readonly count: number;
      /** how many share a topic */
      readonly perTopic: number;
      readonly token?: string;
    }
  /** Resolves when so many messages have come in all since `connect`, or none has for some seconds. */
  | { readonly what: 'received'; readonly count: number }
  /** The latencies since the last time it was asked. */
  | { readonly what: 'latencies' };

export interface ReceivedAnswer {
  readonly received: number;
}

export interface LatenciesAnswer {
  /** ms from the moment at which the message was due to its arrival, ascending */
  readonly tookMs: readonly number[];
}

/** Of subscriber `index`. */
export const topicOf = (index: number, perTopic: number): string => `bench/${Math.floor(index / perTopic)}`;
