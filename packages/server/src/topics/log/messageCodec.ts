import { openChunk, sealChunk } from '../../storage/embedded/chunkCodec.js';
import type { Draft, Position, TopicMessage } from '../ports.js';

/** A message as a log keeps it, without its topic and its place, which are its key. */
type Row = [
  id: string,
  name: string,
  data: unknown,
  from: string,
  node: string,
  ts: number,
  expiresMs: number | null,
];

/** The bytes of a message, behind a checksum. Their length is what a log counts as its size. */
export function sealMessage({ id, name, data, from, node, ts, expiresMs }: Draft): Buffer {
  return sealChunk([id, name, data, from, node, ts, expiresMs ?? null] satisfies Row);
}

/** Throws STORE_CORRUPT when a single bit is off. */
export function openMessage(sealed: Buffer, topic: string, { epoch, offset }: Position): TopicMessage {
  const row = openChunk(sealed, `message ${offset} of topic ${topic}`) as Row;
  const [id, name, data, from, node, ts, expiresMs] = row;
  const message = { topic, epoch, offset, id, name, data, from, node, ts };
  return expiresMs === null ? message : { ...message, expiresMs };
}
