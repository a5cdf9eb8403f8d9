import { valueFromJson, valueToJson } from '@topgun/protocol';
import * as z from 'zod';
import type { Draft, TopicMessage } from '../topics/ports.js';

/** What travels between nodes, and lies in logs: JSON, so that any tool reads it. Values that JSON has no word for are marked (DAT-4). */
export const envelopeSchema = z.object({
  node_id: z.string().min(1).max(64),
  message_id: z.string().min(1).max(64),
  /** when it was accepted, ms since the epoch of Unix */
  timestamp: z.number().min(0),
  event: z.object({
    topic: z.string().min(1),
    name: z.string(),
    from: z.string(),
    data: z.unknown(),
    expires: z.number().optional(),
  }),
});

/** A message of a channel: one of a topic without a log, or one with its place, and that of the message of its topic before it. */
export interface Heard {
  readonly message: TopicMessage;
  /** offset of the message before it in its topic; undefined for a topic without a log */
  readonly previous: number | undefined;
}

export function encodeDraft(draft: Draft): string {
  const { topic, id, name, data, from, node, ts, expiresMs } = draft;
  return JSON.stringify({
    node_id: node,
    message_id: id,
    timestamp: ts,
    event: { topic, name, from, data: valueToJson(data), expires: expiresMs },
  });
}

/** undefined where it is no envelope: somebody else writes to our channels. */
export function decodeDraft(text: string): Draft | undefined {
  try {
    const parsed = envelopeSchema.safeParse(JSON.parse(text));
    if (!parsed.success) return undefined;
    const { node_id: node, message_id: id, timestamp: ts, event } = parsed.data;
    const { topic, name, from, expires } = event;
    const draft = { topic, id, name, data: valueFromJson(event.data), from, node, ts };
    return expires === undefined ? draft : { ...draft, expiresMs: expires };
  } catch {
    return undefined; // not JSON, or a mark in it that holds no value
  }
}

/** `<offset> <previous> <epoch> <envelope>` of a logged topic, else the envelope alone. */
export function decodeHeard(text: string): Heard | undefined {
  if (text.startsWith('{')) {
    const draft = decodeDraft(text);
    return draft && { message: { ...draft, epoch: '', offset: 0 }, previous: undefined };
  }
  const place = /^(\d{1,16}) (\d{1,16}) ([\w-]{1,64}) /.exec(text);
  const draft = place === null ? undefined : decodeDraft(text.slice(place[0].length));
  if (place === null || draft === undefined) return undefined;
  const [, offset, previous, epoch = ''] = place;
  return { message: { ...draft, epoch, offset: Number(offset) }, previous: Number(previous) };
}
