import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';

const topic = z.string().min(1).max(LIMITS.topicChars);
const position = z.object({ epoch: z.string().max(64), offset: z.int().min(0) });
/** What the sender calls its frame. */
const message_id = z
  .string()
  .regex(/^[\w-]{1,64}$/)
  .optional();
const payload = z.custom<unknown>((value) => value !== undefined && value !== null, 'is missing');
const some = z.int().min(0).max(LIMITS.wsHistory);

/** Fields that are the server's to write, such as `from_user`, are not read. */
const schema = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('auth'),
    payload: z.object({
      token: z.string().min(1).max(LIMITS.tokenChars),
      resume: z.record(topic, position).optional(),
    }),
    message_id,
  }),
  z.object({ type: z.literal('ping'), payload: z.unknown().optional(), message_id }),
  z.object({ type: z.literal('message'), topic: topic.optional(), payload, message_id }),
  z.object({
    type: z.literal('notification'),
    topic: topic.optional(),
    to_user: z.string().min(1).max(LIMITS.userIdChars).optional(),
    payload,
    message_id,
  }),
  z.object({ type: z.literal('broadcast'), payload, message_id }),
  z.object({ type: z.literal('system'), payload, message_id }),
  z.object({
    type: z.literal('subscribe'),
    topic,
    since: position.optional(),
    history: some.optional(),
    echo: z.boolean().default(true),
    state: z.unknown().optional(),
    message_id,
  }),
  z.object({ type: z.literal('unsubscribe'), topic, message_id }),
  z.object({
    type: z.literal('history'),
    topic,
    since: position.optional(),
    limit: some.default(LIMITS.wsHistory),
    message_id,
  }),
]);

/** A frame of a client, as it is meant. */
export type ClientFrame = z.output<typeof schema>;
export type FrameOf<T extends ClientFrame['type']> = Extract<ClientFrame, { type: T }>;
/** One that says something to others. */
export type SaidFrame = FrameOf<'message' | 'notification' | 'broadcast' | 'system'>;

const TYPES: ReadonlySet<unknown> = new Set(schema.options.map(({ shape }) => shape.type.value));

export interface Misread {
  readonly code: 'BAD_MESSAGE' | 'UNKNOWN_TYPE';
  readonly message: string;
  readonly reply_to?: string;
}

/** What a frame says, or what is wrong with it; never what it holds. */
export function readFrame(data: Buffer, isBinary: boolean): ClientFrame | Misread {
  if (isBinary) return { code: 'BAD_MESSAGE', message: 'A frame is a text.' };
  let json: unknown;
  try {
    json = JSON.parse(data.toString());
  } catch {
    return { code: 'BAD_MESSAGE', message: 'The frame is not JSON.' };
  }
  const read = schema.safeParse(json);
  if (read.success) return read.data;
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    return { code: 'BAD_MESSAGE', message: 'The frame is not an object.' };
  const { type, message_id: id } = json as { readonly type?: unknown; readonly message_id?: unknown };
  const reply = message_id.safeParse(id);
  const ref = reply.success && reply.data !== undefined ? { reply_to: reply.data } : {};
  if (typeof type === 'string' && !TYPES.has(type))
    return { code: 'UNKNOWN_TYPE', message: 'The type is not known.', ...ref };
  const path = read.error.issues[0]?.path.join('.') ?? '';
  return { code: 'BAD_MESSAGE', message: `The frame is wrong at ${path.slice(0, 64)}.`, ...ref };
}
