import { LIMITS, valueToJson } from '@topgun/protocol';
import type { TopicMessage } from '../../topics/ports.js';
import type { LeaveReason, StreamKind } from '../held/EventStream.js';

/** Names that mean something else to who listens with EventSource, or of frames that the server itself sends. */
const RESERVED: ReadonlySet<string> = new Set([
  'open',
  'error',
  'connected',
  'resync',
  'reconnect',
  'denied',
]);

const framed = (lines: string): Buffer => Buffer.from(`${lines}\n\n`);

/** A message but for its id, the same for all who have the same view of it. */
export function messageFrame({ name, data }: TopicMessage): Buffer {
  const event = name === '' || RESERVED.has(name) ? '' : `event: ${name.replace(/[\r\n\0]/g, ' ')}\n`;
  return framed(`${event}data: ${JSON.stringify(valueToJson(data)) ?? 'null'}`);
}

export const idLine = (id: string): Buffer => Buffer.from(`id: ${id}\n`, 'latin1');

/** The first frame of a connection. */
export function connectedFrame(id: string, told: Readonly<Record<string, unknown>>): Buffer {
  const data = JSON.stringify({ type: 'connected', ...told });
  return framed(`retry: ${LIMITS.sseRetryMs}\nid: ${id}\ndata: ${data}`);
}

/** Of these topics something is missing that cannot be told any more. */
export const resyncFrame = (topics: readonly string[]): Buffer =>
  framed(`event: resync\ndata: ${JSON.stringify({ topics })}`);

/** The topic may not be heard any more. */
export const deniedFrame = (topic: string): Buffer =>
  framed(`event: denied\ndata: ${JSON.stringify({ topic })}`);

function reconnectFrame(reason: LeaveReason, retryMs: number): Buffer {
  return framed(`event: reconnect\nretry: ${retryMs}\ndata: ${JSON.stringify({ reason, retryMs })}`);
}

export function sseKind(heartbeatMs: number): StreamKind {
  return { heartbeat: Buffer.from(':\n\n'), heartbeatMs, farewell: reconnectFrame };
}
