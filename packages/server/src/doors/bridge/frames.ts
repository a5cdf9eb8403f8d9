import { valueToJson } from '@topgun/protocol';
import type { TopicMessage } from '../../topics/ports.js';

export type Heartbeat = 'legacy' | 'message';

/** What a mailbox holds: `data` of its messages. */
export interface MailboxData {
  /** client id of the sender, as it was given */
  readonly from: string;
  /** the body exactly as it was posted */
  readonly message: string;
  readonly trace_id: string;
}

/** Opens the stream: an EventSource is open when the first byte is there. */
export const OPENING = '\n';

/** By kind. Browsers tell nothing of the first, which has no data; neither has an id, so that the last one stays what it is. */
export const HEARTBEATS: Readonly<Record<Heartbeat, string>> = {
  legacy: 'event: heartbeat\n\n',
  message: 'event: message\r\ndata: heartbeat\r\n\r\n',
};

export const QUEUE_DONE = 'event: message\r\ndata: queue_done\r\n\r\n';

/** A message as hearers get it (BRG-14). JSON has no line feeds of its own, so one line of data holds it; others than the bridge may have said it. */
export const messageFrame = ({ offset, data }: TopicMessage): Buffer =>
  Buffer.from(`event: message\nid: ${offset}\ndata: ${JSON.stringify(valueToJson(data))}\n\n`);
