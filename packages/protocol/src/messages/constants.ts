/** The small integers and words of the wire, each with its name. */

/** The three kinds of map. */
export const KINDS = ['LWW', 'OR', 'PN'] as const;
export type Kind = (typeof KINDS)[number];

/** In the store, and as safe as the store is: what devices ask for, and the one answer that lets them drop an op. */
export const PERSISTED = 4;

/** What the sender of ops wants to wait for. The numbers of `ACK_LEVEL` are the same from 1 on. */
export const CONCERN = { FIRE_AND_FORGET: 0, MEMORY: 1, APPLIED: 2, REPLICATED: 3, PERSISTED } as const;
export type Concern = (typeof CONCERN)[keyof typeof CONCERN];

/** What an answer promises. Only `PERSISTED` carries offsets and lets the device drop the op. */
export const ACK_LEVEL = { MEMORY: 1, APPLIED: 2, REPLICATED: 3, PERSISTED } as const;
export type AckLevel = (typeof ACK_LEVEL)[keyof typeof ACK_LEVEL];

/** Second element of an `OpRow`, first element of a `SubRow` (which is never a TRANSACTION). */
export const OP = { PUT: 0, REMOVE: 1, OR_ADD: 2, OR_REMOVE: 3, INCREMENT: 4, TRANSACTION: 5 } as const;
export type OpCode = (typeof OP)[keyof typeof OP];

/** First element of a `ChangeRow`. */
export const FORM = { LWW_PRESENT: 0, LWW_GONE: 1, OR_PRESENT: 2, OR_GONE: 3, COUNTER: 4 } as const;
export type Form = (typeof FORM)[keyof typeof FORM];
/** How many forms there are: beyond them the form of a `BulkRow` names a shape, too. */
export const FORM_COUNT = 5;

/** How the server judged one op; third element of a span of `OP_ACK`. */
export const OUTCOME = { APPLIED: 0, SUPERSEDED: 1, CHANGED: 2, REJECTED: 3, DUPLICATE: 4 } as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** First element of a `Base` that is not null: a server stamp, or an own earlier op. */
export const BASE = { STAMP: 0, OWN_OP: 1 } as const;

/** Third element of a part of `MERKLE_RESP`: what its last one holds. */
export const MERKLE_FORM = { CHILDREN: 0, ITEMS: 1, ROWS: 2 } as const;
export type MerkleForm = (typeof MERKLE_FORM)[keyof typeof MERKLE_FORM];

/** First element of a change of `QUERY_UPDATE`. */
export const QUERY_CHANGE = { ENTER: 0, UPDATE: 1, LEAVE: 2 } as const;
export type QueryChange = (typeof QUERY_CHANGE)[keyof typeof QUERY_CHANGE];

/** Partitions are numbered 0..270. */
export const PARTITION_COUNT = 271;

/** What a node of a cluster may be doing, as it stands in CLUSTER_MAP: 0 does not own anything yet, 2 gives everything away. */
export const NODE_STATES = ['JOINING', 'ACTIVE', 'DRAINING'] as const;
export type NodeState = (typeof NODE_STATES)[number];
