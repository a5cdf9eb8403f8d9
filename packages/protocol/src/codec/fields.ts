/**
 * How a message becomes an array: `[code, ...fields]` in the order of the tables, optional fields last, absent ones nil and
 * left off at the end. Codes and order are the wire: change them only with PROTOCOL_VERSION.
 */
import type { ClusterSubMessage, DeviceMessage, Message, MessageType } from '../messages/types.js';

export type RequiredKeys<M> = { [K in keyof M]-?: object extends Pick<M, K> ? never : K }[keyof M];
type Names<M, K extends keyof M> = readonly (Exclude<K, 'type'> & string)[];

/** The fields of a message as code reads them. */
export type FieldList = readonly [code: number, required: readonly string[], optional: readonly string[]];

/** Of each message: its code, the fields it always has, and those it may have. */
export type Fields<M extends Message> = {
  readonly [T in M as T['type']]: readonly [
    code: number,
    required: Names<T, RequiredKeys<T>>,
    optional: Names<T, Exclude<keyof T, RequiredKeys<T>>>,
  ];
};

/** What every device may send. The checks stand apart, in `clientLayouts.ts`: a device does not carry them. */
export const clientFields = {
  PING: [0, ['id'], ['t']],
  PONG: [1, ['id'], ['serverTime']],
  AUTH: [2, ['versions', 'clientId', 'sessions'], ['token', 'incarnation', 'agent']],
  SESSIONS: [3, ['sessions'], []],
  SESSION_END: [4, ['session'], []],
  OPS: [5, ['session', 'settledBelow', 'incarnation', 'concern', 'maps', 'rows'], []],
  SYNC_INIT: [6, ['req', 'map', 'kind', 'root'], ['cursor']],
  MERKLE_REQ: [7, ['req', 'map', 'nodes'], ['query']],
  ROWS_REQ: [8, ['req', 'map', 'items'], ['query']],
  SYNC_END: [9, ['map'], []],
  QUERY_SUB: [10, ['query', 'map'], ['where', 'sort', 'limit', 'root', 'after', 'before']],
  QUERY_UNSUB: [11, ['query'], []],
  TOPIC_SUB: [12, ['topic'], ['since', 'last', 'state']],
  TOPIC_UNSUB: [13, ['topic'], []],
  TOPIC_PUB: [14, ['topic', 'data'], ['id', 'name']],
} as const satisfies Fields<DeviceMessage>;

/** What clients that know of clusters may send besides. */
export const clusterFields = {
  CLUSTER_SUB: [15, ['req'], []],
} as const satisfies Fields<ClusterSubMessage>;

/** A message whose fields nobody has looked at yet. */
export type Candidate = { readonly type: MessageType } & Readonly<Record<string, unknown>>;

/** The frame of a message that the table holds, before msgpack. */
export function toFrame<M extends Message>(message: M, fields: Fields<M>): unknown[] {
  const [code, required, optional] = fields[message.type as keyof Fields<M>] as FieldList;
  const values = message as unknown as Readonly<Record<string, unknown>>;
  const frame: unknown[] = [code];
  for (const name of required) frame.push(values[name] ?? null);
  let present = frame.length;
  for (const name of optional) {
    frame.push(values[name] ?? null);
    if (values[name] !== undefined) present = frame.length;
  }
  frame.length = present;
  return frame;
}
