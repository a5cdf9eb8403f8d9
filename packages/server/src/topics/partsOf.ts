import { LIMITS } from '@topgun/protocol';
import type { TopicMessage } from './ports.js';

/**
 * Messages in parts of some `topicPartBytes` each, which a turn brings a connection without filling what may wait for it. All of them where
 * there is no need to part them.
 */
export function partsOf(messages: readonly TopicMessage[]): readonly (readonly TopicMessage[])[] {
  const parts: TopicMessage[][] = [[]];
  let bytes = 0;
  for (const message of messages) {
    if (bytes > LIMITS.topicPartBytes) {
      parts.push([]);
      bytes = 0;
    }
    bytes += roughBytes(message.data);
    parts.at(-1)?.push(message);
  }
  return parts.length === 1 ? [messages] : parts;
}

/** About as many bytes as it takes on the wire; enough of it to know that it is large. */
export function roughBytes(value: unknown): number {
  if (typeof value === 'string') return 64 + value.length;
  if (typeof value !== 'object' || value === null) return 64;
  if (value instanceof Uint8Array) return 64 + value.length;
  let bytes = 64;
  for (const [name, part] of Object.entries(value)) bytes += name.length + roughBytes(part);
  return bytes;
}
