/**
 * How a message becomes an array and back: `[code, ...fields]` in the order of this table, optional fields last,
 * absent ones nil and left off at the end. Codes and order are the wire: change them only with PROTOCOL_VERSION.
 */
import type { ClientMessage, Message, MessageOf, MessageType, ServerMessage } from '../messages/types.js';

type RequiredKeys<M> = { [K in keyof M]-?: object extends Pick<M, K> ? never : K }[keyof M];
type FieldName<T extends MessageType> = Exclude<keyof MessageOf<T>, 'type'> & string;

/** Which side may send a message. */
export type Sender = 'client' | 'server' | 'both';

export interface MessageFields {
  readonly code: number;
  readonly from: Sender;
  readonly required: readonly string[];
  readonly optional: readonly string[];
}

type Table = {
  readonly [T in MessageType]: {
    readonly code: number;
    readonly from: T extends ClientMessage['type']
      ? T extends ServerMessage['type']
        ? 'both'
        : 'client'
      : 'server';
    readonly required: readonly (FieldName<T> & RequiredKeys<MessageOf<T>>)[];
    readonly optional: readonly FieldName<T>[];
  };
};

export const messageFields = {
  PING: { code: 0, from: 'both', required: ['id'], optional: ['t'] },
  PONG: { code: 1, from: 'both', required: ['id'], optional: ['serverTime'] },

  AUTH: {
    code: 2,
    from: 'client',
    required: ['versions', 'clientId', 'sessions'],
    optional: ['token', 'incarnation', 'agent'],
  },
  SESSIONS: { code: 3, from: 'client', required: ['sessions'], optional: [] },
  SESSION_END: { code: 4, from: 'client', required: ['session'], optional: [] },
  OPS: {
    code: 5,
    from: 'client',
    required: ['session', 'settledBelow', 'incarnation', 'concern', 'maps', 'rows'],
    optional: [],
  },
  SYNC_INIT: { code: 6, from: 'client', required: ['req', 'map', 'kind', 'root'], optional: [] },
  MERKLE_REQ: { code: 7, from: 'client', required: ['req', 'map', 'nodes'], optional: [] },
  ROWS_REQ: { code: 8, from: 'client', required: ['req', 'map', 'items'], optional: [] },
  SYNC_END: { code: 9, from: 'client', required: ['map'], optional: [] },
  QUERY_SUB: { code: 10, from: 'client', required: ['query', 'map'], optional: ['where', 'sort', 'limit'] },
  QUERY_UNSUB: { code: 11, from: 'client', required: ['query'], optional: [] },
  TOPIC_SUB: { code: 12, from: 'client', required: ['topic'], optional: [] },
  TOPIC_UNSUB: { code: 13, from: 'client', required: ['topic'], optional: [] },
  TOPIC_PUB: { code: 14, from: 'client', required: ['topic', 'data'], optional: [] },

  AUTH_ACK: {
    code: 32,
    from: 'server',
    required: ['version', 'serverTime', 'incarnation', 'userId', 'heartbeatMs', 'limits'],
    optional: [],
  },
  OP_ACK: {
    code: 33,
    from: 'server',
    required: ['session', 'level', 'epoch', 'spans', 'pos'],
    optional: ['nodes', 'ex'],
  },
  SERVER_EVENT: { code: 34, from: 'server', required: ['map', 'nodes', 'parts'], optional: [] },
  SYNC_ROOT: { code: 35, from: 'server', required: ['req', 'map', 'root', 'at'], optional: ['parts'] },
  MERKLE_RESP: { code: 36, from: 'server', required: ['req', 'map', 'nodes', 'parts'], optional: [] },
  ROWS_RESP: { code: 37, from: 'server', required: ['req', 'map', 'nodes', 'parts'], optional: [] },
  QUERY_RESP: {
    code: 38,
    from: 'server',
    required: ['query', 'v', 'nodes', 'rows', 'last', 'part'],
    optional: [],
  },
  QUERY_UPDATE: { code: 39, from: 'server', required: ['query', 'v', 'nodes', 'changes'], optional: [] },
  TOPIC_MSG: { code: 40, from: 'server', required: ['topic', 'data', 'from', 'ts'], optional: [] },
  GC_PRUNE: { code: 41, from: 'server', required: ['map', 'at'], optional: [] },
  SHUTDOWN: { code: 42, from: 'server', required: ['reconnectInMs'], optional: [] },
  ERROR: {
    code: 43,
    from: 'server',
    required: ['code', 'message'],
    optional: ['req', 'path', 'retryAfterMs', 'serverTime', 'ref'],
  },
} as const satisfies Table;

interface Layout {
  readonly type: MessageType;
  readonly code: number;
  readonly from: Sender;
  readonly names: readonly string[];
  readonly required: number;
}

const layouts = (Object.entries(messageFields) as [MessageType, MessageFields][]).map(
  ([type, entry]): Layout => ({
    type,
    code: entry.code,
    from: entry.from,
    names: [...entry.required, ...entry.optional],
    required: entry.required.length,
  }),
);
const layoutByType = new Map<string, Layout>(layouts.map((layout) => [layout.type, layout]));
const layoutByCode = new Map<unknown, Layout>(layouts.map((layout) => [layout.code, layout]));

/** The frame of a message, before msgpack. */
export function toFrame(message: Message): unknown[] {
  const layout = layoutByType.get(message.type) as Layout;
  const fields = message as unknown as Readonly<Record<string, unknown>>;
  const frame: unknown[] = [layout.code];
  let present = layout.required;
  for (let i = 0; i < layout.names.length; i++) {
    const value = fields[layout.names[i] as string];
    if (i >= layout.required && value !== undefined) present = i + 1;
    frame.push(value === undefined ? null : value);
  }
  frame.length = present + 1;
  return frame;
}

/** A message whose fields nobody has looked at yet. */
export type Candidate = { readonly type: MessageType } & Readonly<Record<string, unknown>>;

export type FromFrame =
  | {
      readonly known: true;
      readonly type: MessageType;
      readonly from: Sender;
      readonly candidate: Candidate | undefined;
      readonly req?: number;
    }
  | { readonly known: false };

/**
 * The candidate of a decoded frame. `known: false`: no such type. `candidate: undefined`: the type is known and the
 * number of fields is wrong. `req` is named when it can be read, so that a refusal can be assigned to its request.
 */
export function fromFrame(frame: readonly unknown[]): FromFrame {
  const layout = layoutByCode.get(frame[0]);
  if (layout === undefined) return { known: false };
  const req = layout.names[0] === 'req' && typeof frame[1] === 'number' ? { req: frame[1] } : undefined;
  if (frame.length <= layout.required || frame.length > layout.names.length + 1) {
    return { known: true, type: layout.type, from: layout.from, candidate: undefined, ...req };
  }
  const candidate: Record<string, unknown> & { type: MessageType } = { type: layout.type };
  for (let i = 1; i < frame.length; i++) {
    const value = frame[i];
    if (i > layout.required && value === null) continue;
    candidate[layout.names[i - 1] as string] = value;
  }
  return { known: true, type: layout.type, from: layout.from, candidate, ...req };
}
