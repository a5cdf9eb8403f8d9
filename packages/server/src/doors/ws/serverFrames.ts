import type { Position, TopicMessage } from '../../topics/ports.js';
import { textFrameBytes } from '../../transport/frameBytes.js';

/** What a client is told that asked for something, or that something ended. */
export type JsonErrorCode =
  | 'AUTH_EXPIRED'
  | 'AUTH_FAILED'
  | 'AUTH_REQUIRED'
  | 'BAD_MESSAGE'
  | 'DENIED'
  | 'INTERNAL'
  | 'LIMIT'
  | 'RATE'
  | 'SLOW_CONSUMER'
  | 'TOPIC_FULL'
  | 'TOPIC_INVALID'
  | 'UNAVAILABLE'
  | 'UNKNOWN_TYPE';

/** Of a frame that answers, or tells something of the server. */
export interface Reply {
  readonly type: 'ack' | 'error' | 'history' | 'pong' | 'subscribed' | 'system' | 'unsubscribed';
  readonly topic?: string;
  readonly payload: unknown;
  /** the `message_id` of what it answers */
  readonly reply_to?: string | undefined;
}

/** What is the server's own to say, whatever the sender of a message calls his event (WSJ-21). */
const OWN: ReadonlySet<string> = new Set([
  'ack',
  'auth',
  'error',
  'history',
  'ping',
  'pong',
  'presence',
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
]);

/** Topics that everybody may hear and only an ADMIN may speak in. */
export const GLOBAL = 'global';
export const SYSTEM = 'system';

export function replyFrame(reply: Reply, nowMs: number): Buffer {
  return textFrameBytes(json({ ...reply, timestamp: new Date(nowMs).toISOString() }));
}

/** The frame of a message; the same bytes for all who see the same of it. */
export function messageFrame(message: TopicMessage): Buffer {
  return textFrameBytes(json(envelopeOf(message)));
}

/** A message as this door tells it (WSJ-20). */
export interface Envelope extends Partial<Position> {
  readonly type: string;
  readonly payload: unknown;
  /** ISO 8601 */
  readonly timestamp: string;
  /** null: the server */
  readonly from_user: string | null;
  readonly message_id: string;
  readonly topic: string;
}

export function envelopeOf(message: TopicMessage): Envelope {
  const { topic, data, from, id, ts } = message;
  return {
    type: typeOf(message),
    payload: data,
    timestamp: new Date(ts).toISOString(),
    from_user: from === '' ? null : from,
    message_id: id,
    topic,
    ...placeOf(message),
  };
}

/** Nothing where the topic has no log. */
export const placeOf = ({ epoch, offset }: Position): Partial<Position> =>
  epoch === '' ? {} : { epoch, offset };

function typeOf({ name, topic }: TopicMessage): string {
  if (topic === SYSTEM) return name === '' || OWN.has(name) ? 'system' : name;
  if (name !== '' && name !== 'system' && !OWN.has(name)) return name;
  return topic === GLOBAL ? 'broadcast' : 'message';
}

/** Values that came over a binary socket and that JSON has no word for are told as in exports. */
export const json = (value: object): string =>
  JSON.stringify(value, function (this: Record<string, unknown>, key, given: unknown) {
    const held = this[key];
    if (typeof held === 'bigint') return { $bigint: String(held) };
    if (held instanceof Date) return { $date: held.toISOString() };
    if (held instanceof Uint8Array) return { $bytes: Buffer.from(held).toString('hex') };
    return given;
  });
