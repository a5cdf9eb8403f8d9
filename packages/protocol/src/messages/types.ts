/**
 * Every message as the rest of the program sees it: an object with a `type`, absent optional fields missing.
 * What repeats many times in a frame (rows, spans, parts) stays a positional tuple, exactly as it travels, because
 * turning 500 rows into objects costs more than everything else a frame needs. In a tuple an absent element is
 * `null`, or missing when nothing follows it.
 */
import type { PredicateNode, RowPosition } from '@topgun/core';
import type { ErrorCode } from '../errors.js';
import type { AckLevel, Concern, Kind } from './constants.js';
import type {
  AckException,
  BulkRow,
  BulkTables,
  ClientId,
  Epoch,
  EventPart,
  Hash,
  Hashes,
  MapName,
  MerkleNode,
  MerklePart,
  MerklePath,
  OpRow,
  Pid,
  Position,
  QueryDelta,
  QueryRow,
  Session,
  SortTerm,
  Span,
} from './rows.js';

/** First frame of a connection, and on the same connection again with a fresh token. */
export interface AuthMessage {
  readonly type: 'AUTH';
  readonly versions: readonly [min: number, max: number];
  readonly clientId: ClientId;
  /** at most `LIMITS.sessionsPerAuth`; the others follow in SESSIONS */
  readonly sessions: readonly Session[];
  readonly token?: string;
  readonly incarnation?: string;
  readonly agent?: string;
}
/** Further sessions this connection speaks for. */
export interface SessionsMessage {
  readonly type: 'SESSIONS';
  readonly sessions: readonly Session[];
}
/** A realm is gone and all its ops are settled. */
export interface SessionEndMessage {
  readonly type: 'SESSION_END';
  readonly session: Session;
}
export interface OpsMessage {
  readonly type: 'OPS';
  readonly session: Session;
  /** every op of the session below this seq is finally answered; counts only under the current incarnation */
  readonly settledBelow: number;
  readonly incarnation: string;
  readonly concern: Concern;
  readonly maps: readonly MapName[];
  readonly rows: readonly OpRow[];
}
/** Opens the whole-map scope, or checks it again. `root` = live root of the device's base. */
export interface SyncInitMessage {
  readonly type: 'SYNC_INIT';
  readonly req: number;
  readonly map: MapName;
  readonly kind: Kind;
  readonly root: Hash;
  /** `at` and `proof` of a SYNC_ROOT or CURSOR, one behind the other: base is no older than this */
  readonly cursor?: Uint8Array;
}
export interface MerkleReqMessage {
  readonly type: 'MERKLE_REQ';
  readonly req: number;
  readonly map: MapName;
  readonly nodes: readonly MerkleNode[];
  /** asks about the rows of this query, not about all of the map */
  readonly query?: string;
}
export interface RowsReqMessage {
  readonly type: 'ROWS_REQ';
  readonly req: number;
  readonly map: MapName;
  /** digests that the device has not got, each with the path it was listed under */
  readonly items: readonly (readonly [pid: Pid, path: MerklePath, digests: Hashes])[];
  /** as in MERKLE_REQ */
  readonly query?: string;
}
/** Closes the whole-map scope. */
export interface SyncEndMessage {
  readonly type: 'SYNC_END';
  readonly map: MapName;
}
export interface QuerySubMessage {
  readonly type: 'QUERY_SUB';
  readonly query: string;
  readonly map: MapName;
  readonly where?: PredicateNode;
  readonly sort?: readonly SortTerm[];
  readonly limit?: number;
  /** live root of the rows that the device holds for this query; absent where it holds none */
  readonly root?: Hash;
  /** only the rows behind this position, or only those before it with the nearest first; at most one of the two */
  readonly after?: RowPosition;
  readonly before?: RowPosition;
}
export interface QueryUnsubMessage {
  readonly type: 'QUERY_UNSUB';
  readonly query: string;
}
/** A place in the log of a topic. */
export type TopicPlace = readonly [epoch: string, offset: number];
export interface TopicSubMessage {
  readonly type: 'TOPIC_SUB';
  readonly topic: string;
  /** place of the last message that was heard: what followed is told first */
  readonly since?: TopicPlace;
  /** without `since`: so many of the last messages are told first */
  readonly last?: number;
  /** what this device says of itself to those in the room; absent: nothing */
  readonly state?: unknown;
}
export interface TopicUnsubMessage {
  readonly type: 'TOPIC_UNSUB';
  readonly topic: string;
}
export interface TopicPubMessage {
  readonly type: 'TOPIC_PUB';
  readonly topic: string;
  readonly data: unknown;
  /** drawn by the device: what comes again under it is the same message */
  readonly id?: string;
  /** of the event */
  readonly name?: string;
}
/** Either side; answered by PONG with the same id. `t` = the sender's own clock, for its own use. */
export interface PingMessage {
  readonly type: 'PING';
  readonly id: number;
  readonly t?: number;
}
export interface PongMessage {
  readonly type: 'PONG';
  readonly id: number;
  readonly serverTime?: number;
}

export interface AuthAckMessage {
  readonly type: 'AUTH_ACK';
  readonly version: number;
  readonly serverTime: number;
  readonly incarnation: string;
  readonly userId: string;
  readonly heartbeatMs: number;
  readonly limits: { readonly opsPerFrame: number; readonly frameBytes: number; readonly seqWindow: number };
}
/** Answers the ops named by `spans`; one frame per distinct (session, level, epoch). */
export interface OpAckMessage {
  readonly type: 'OP_ACK';
  readonly session: Session;
  readonly level: AckLevel;
  readonly epoch: Epoch;
  readonly spans: readonly Span[];
  /** [pid, n] flattened, one pair per op in the order of the spans; [0, 0] for rejected ops and in what is not the last answer */
  readonly pos: readonly number[];
  /** node ids of the rows in `ex` */
  readonly nodes?: readonly string[];
  readonly ex?: readonly AckException[];
}
/** Deltas of a whole-map scope, chained per (map, partition). Own writes are echoed. */
export interface ServerEventMessage {
  readonly type: 'SERVER_EVENT';
  readonly map: MapName;
  readonly nodes: readonly string[];
  readonly parts: readonly EventPart[];
}
export interface SyncRootMessage {
  readonly type: 'SYNC_ROOT';
  readonly req: number;
  readonly map: MapName;
  readonly root: Hash;
  /** where every partition stands: see `packPositions` */
  readonly at: Uint8Array;
  /** makes `at` a cursor; absent where the view is not of the whole map */
  readonly proof?: Uint8Array;
  /** hashes of all partitions; present only when the two roots differ and no cursor was followed */
  readonly parts?: Hashes;
  /** a resolver judges the writes to this map; absent = plain last write wins */
  readonly resolver?: true;
  /** the server keeps this map in memory alone (SRV-10) */
  readonly volatile?: true;
}
/** What changed in the map since the cursor of the SYNC_INIT: each item once, as it is now. SYNC_ROOT or CURSOR follows. */
export interface SyncDeltaMessage extends BulkTables {
  readonly type: 'SYNC_DELTA';
  readonly req: number;
  readonly map: MapName;
  readonly rows: readonly BulkRow[];
}
/** Whoever has everything up to here may resume with it. With `req` there is more: SYNC_INIT with this cursor. */
export interface CursorMessage {
  readonly type: 'CURSOR';
  readonly map: MapName;
  readonly at: Uint8Array;
  readonly proof: Uint8Array;
  readonly req?: number;
}
/** `root` = live root at the answer. The first `done` nodes of the request are answered; the others are asked for again. */
export interface MerkleRespMessage extends BulkTables {
  readonly type: 'MERKLE_RESP';
  readonly req: number;
  readonly map: MapName;
  readonly root: Hash;
  readonly done: number;
  readonly parts: readonly MerklePart[];
  /** as in the request */
  readonly query?: string;
}
/** The first `done` digests of the request are answered; one without a row is there no more. */
export interface RowsRespMessage extends BulkTables {
  readonly type: 'ROWS_RESP';
  readonly req: number;
  readonly map: MapName;
  readonly root: Hash;
  readonly done: number;
  readonly rows: readonly BulkRow[];
  /** as in the request */
  readonly query?: string;
}
/**
 * First answer to QUERY_SUB, in parts 0..k, the last one marked. Its rows are the result; with `root`, which only the answer to a
 * `root` has, it names the result instead: equal to that root, or with the hashes of all partitions, to begin a walk with.
 */
export interface QueryRespMessage {
  readonly type: 'QUERY_RESP';
  readonly query: string;
  readonly v: 0;
  readonly nodes: readonly string[];
  readonly rows: readonly QueryRow[];
  readonly last: boolean;
  readonly part: number;
  /** as in SYNC_ROOT */
  readonly resolver?: true;
  /** live root of the result */
  readonly root?: Hash;
  readonly parts?: Hashes;
  readonly volatile?: true;
}
export interface QueryUpdateMessage {
  readonly type: 'QUERY_UPDATE';
  readonly query: string;
  /** one more than in the message before */
  readonly v: number;
  readonly nodes: readonly string[];
  readonly changes: readonly QueryDelta[];
}
export interface TopicMsgMessage {
  readonly type: 'TOPIC_MSG';
  readonly topic: string;
  readonly data: unknown;
  readonly from: string;
  readonly ts: number;
  /** the same on all nodes */
  readonly id: string;
  readonly name?: string;
  /** with `offset` its place in the log of the topic, where it has one */
  readonly epoch?: string;
  readonly offset?: number;
}
/** How a subscription stands: what came before live messages has been told, up to this place. */
export interface TopicHeardMessage {
  readonly type: 'TOPIC_HEARD';
  readonly topic: string;
  /** false: messages are missing before this place, and nobody can tell them */
  readonly recovered: boolean;
  /** '' and 0 of a topic without a log */
  readonly epoch: string;
  readonly offset: number;
  /** the subscription has ended */
  readonly over?: true;
}
export interface GcPruneMessage {
  readonly type: 'GC_PRUNE';
  readonly map: MapName;
  readonly at: readonly Position[];
}
export interface ShutdownMessage {
  readonly type: 'SHUTDOWN';
  readonly reconnectInMs: number;
}
export interface ErrorMessage {
  readonly type: 'ERROR';
  readonly code: ErrorCode;
  readonly message: string;
  readonly req?: number;
  readonly path?: string;
  readonly retryAfterMs?: number;
  readonly serverTime?: number;
  /** the query, topic or map concerned */
  readonly ref?: string;
}

/** A node of a cluster as clients know it; `state` is an index into `NODE_STATES`. */
export type PublicNode = readonly [name: string, url: string, state: number];

/** From now on this connection is told the map of the cluster: at once, and whenever another one holds. */
export interface ClusterSubMessage {
  readonly type: 'CLUSTER_SUB';
  readonly req: number;
}
/** Stands before all other frames of its turn, so that it can be taken off without reading them. */
export interface ClusterMapMessage {
  readonly type: 'CLUSTER_MAP';
  readonly version: number;
  /** name of the node that says it */
  readonly self: string;
  /** those that clients can reach */
  readonly nodes: readonly PublicNode[];
  /** by partition: 1 + the index of its owner in `nodes`, one more than the last where clients cannot reach it; 0 where it has none */
  readonly owners: readonly number[];
  /** of the CLUSTER_SUB that it answers */
  readonly req?: number;
}

/** What a client may send. */
export type ClientMessage =
  | AuthMessage
  | SessionsMessage
  | SessionEndMessage
  | OpsMessage
  | SyncInitMessage
  | MerkleReqMessage
  | RowsReqMessage
  | SyncEndMessage
  | QuerySubMessage
  | QueryUnsubMessage
  | TopicSubMessage
  | TopicUnsubMessage
  | TopicPubMessage
  | ClusterSubMessage
  | PingMessage
  | PongMessage;

/** What a server may send. */
export type ServerMessage =
  | AuthAckMessage
  | OpAckMessage
  | ServerEventMessage
  | SyncRootMessage
  | SyncDeltaMessage
  | CursorMessage
  | MerkleRespMessage
  | RowsRespMessage
  | QueryRespMessage
  | QueryUpdateMessage
  | TopicMsgMessage
  | TopicHeardMessage
  | GcPruneMessage
  | ClusterMapMessage
  | ShutdownMessage
  | ErrorMessage
  | PingMessage
  | PongMessage;

/** What every device sends; the rest is behind `@topgun/protocol/cluster`. */
export type DeviceMessage = Exclude<ClientMessage, ClusterSubMessage>;

/** What a server sends to a device that has not asked for the map of the cluster. */
export type ToDeviceMessage = Exclude<ServerMessage, ClusterMapMessage>;

export type Message = ClientMessage | ServerMessage;
export type MessageType = Message['type'];
export type MessageOf<T extends MessageType> = Extract<Message, { readonly type: T }>;
