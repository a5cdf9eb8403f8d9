import { MERKLE_FORM, OUTCOME, QUERY_CHANGE, type ServerMessage } from '@topgun/protocol';

/**
 * Every way for data to leave over a socket, by the type of message: a type that is not listed here does not compile. Each way is counted,
 * and has a planted leak that must be found.
 */
export const OUTLETS = {
  AUTH_ACK: ['AUTH_ACK'],
  OP_ACK: [
    'answer applied',
    'answer superseded',
    'answer changed',
    'answer rejected',
    'answer duplicate',
    'answer with row',
  ],
  SERVER_EVENT: ['delta', 'delta gone'],
  SYNC_ROOT: ['root', 'root with cursor', 'root with hashes'],
  SYNC_DELTA: ['catch-up'],
  CURSOR: ['cursor'],
  MERKLE_RESP: ['walk hashes', 'walk digests', 'walk rows', 'query walk'],
  ROWS_RESP: ['rows by digest', 'query rows by digest'],
  QUERY_RESP: ['query rows', 'query root', 'query window', 'query page'],
  QUERY_UPDATE: ['query enter', 'query update', 'query leave'],
  TOPIC_MSG: ['topic'],
  TOPIC_HEARD: ['topic heard'],
  GC_PRUNE: ['prune'],
  CLUSTER_MAP: ['cluster map'],
  SHUTDOWN: ['shutdown'],
  ERROR: ['error', 'error denied', 'error resync'],
  PING: ['ping'],
  PONG: ['pong'],
} as const satisfies Readonly<Record<ServerMessage['type'], readonly string[]>>;

/**
 * Every way for data to leave through the other doors: whether it tells messages of topics, rows, or nothing that anybody has said. Each has
 * a planted leak that must be found (PO-9).
 */
export const DOOR_OUTLETS = {
  'ws message': 'messages',
  'ws history': 'messages',
  'ws reply': 'nothing',
  'ws close': 'nothing',
  'sse message': 'messages',
  'sse notice': 'nothing',
  'bridge message': 'messages',
  'bridge notice': 'nothing',
  'bridge answer': 'nothing',
  'topic history': 'messages',
  'topic answer': 'nothing',
  'presence list': 'messages',
  'presence answer': 'nothing',
  'webhook record': 'rows',
  'webhook removal': 'rows',
  'webhook topic': 'messages',
} as const;

export type DoorOutlet = keyof typeof DOOR_OUTLETS;

/** Whether messages of topics are told through it: a type of message, or an outlet of another door. */
export const isToldThrough = (outlet: string): boolean =>
  outlet === 'TOPIC_MSG' || DOOR_OUTLETS[outlet as DoorOutlet] === 'messages';

export type Outlet = (typeof OUTLETS)[ServerMessage['type']][number];

const ANSWERS: Readonly<Record<number, Outlet>> = {
  [OUTCOME.APPLIED]: 'answer applied',
  [OUTCOME.SUPERSEDED]: 'answer superseded',
  [OUTCOME.CHANGED]: 'answer changed',
  [OUTCOME.REJECTED]: 'answer rejected',
  [OUTCOME.DUPLICATE]: 'answer duplicate',
};
const WALKS: Readonly<Record<number, Outlet>> = {
  [MERKLE_FORM.CHILDREN]: 'walk hashes',
  [MERKLE_FORM.ITEMS]: 'walk digests',
  [MERKLE_FORM.ROWS]: 'walk rows',
};
const CHANGES: Readonly<Record<number, Outlet>> = {
  [QUERY_CHANGE.ENTER]: 'query enter',
  [QUERY_CHANGE.UPDATE]: 'query update',
  [QUERY_CHANGE.LEAVE]: 'query leave',
};

/** What a message is an instance of; `asked` is the query it answers. */
export function outletsOf(
  message: ServerMessage,
  asked?: {
    readonly sort?: unknown;
    readonly limit?: unknown;
    readonly after?: unknown;
    readonly before?: unknown;
  },
): ReadonlySet<Outlet> {
  const [first] = OUTLETS[message.type];
  switch (message.type) {
    case 'OP_ACK': {
      const outlets = new Set<Outlet>(message.spans.map(([, , outcome]) => ANSWERS[outcome] as Outlet));
      if (message.ex?.some(([, , row]) => row !== null)) outlets.add('answer with row');
      return outlets;
    }
    case 'SERVER_EVENT':
      return new Set([
        first,
        ...(message.parts.some((part) => part[5].some(([form]) => form % 2 === 1))
          ? ['delta gone' as const]
          : []),
      ]);
    case 'SYNC_ROOT':
      return new Set([
        first,
        ...(message.proof ? ['root with cursor' as const] : []),
        ...(message.parts ? ['root with hashes' as const] : []),
      ]);
    case 'MERKLE_RESP':
      return new Set<Outlet>([
        ...message.parts.map((part) => WALKS[part[2]] as Outlet),
        ...(message.query === undefined ? [] : ['query walk' as const]),
      ]);
    case 'ROWS_RESP':
      return new Set([message.query === undefined ? 'rows by digest' : 'query rows by digest']);
    case 'QUERY_RESP':
      if (message.root !== undefined) return new Set(['query root']);
      if (asked?.after !== undefined || asked?.before !== undefined) return new Set(['query page']);
      return new Set([asked?.limit === undefined ? 'query rows' : 'query window']);
    case 'QUERY_UPDATE':
      return new Set(message.changes.map(([change]) => CHANGES[change] as Outlet));
    case 'ERROR':
      return new Set([
        message.code === 'DENIED' ? 'error denied' : message.code === 'RESYNC' ? 'error resync' : first,
      ]);
    default:
      return new Set([first]);
  }
}
