import type { Explanation, IndexSpec, QueryPorts, QuerySpec } from '@topgun/core';
import type { ClientMessage, ErrorCode, ServerMessage } from '@topgun/protocol';
import type { LimitName } from '../limits/table.js';
import type { Policy, Principal } from '../security/PermissionPolicy.js';
import type { CommitBatch, CommitResult, Offset, StoreBoot } from '../storage/Store.js';
import type { SharedMessage, Topics } from '../topics/ports.js';
import type { ClusterOptions } from './cluster/ports.js';
import type { OpEntry } from './DedupTable.js';
import type { EngineLimits } from './EngineLimits.js';
import type { Op } from './Op.js';
import type { RepairResult } from './repair/Repair.js';
import type { ResolverFault, Resolvers } from './resolvers/Resolvers.js';

/** Names the dedup state of one (partition, client, session). */
export interface DedupName {
  readonly pid: number;
  readonly clientId: string;
  readonly session: string;
}

/** How cursors are proven. The key is drawn once in the life of a store and kept in it. */
export interface CursorMac {
  /** A new key that nobody can guess. */
  newKey(): Uint8Array;
  /** `proofBytes` bytes that nobody without the key can make for these. */
  sign(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}

/** A place that this store has named and cannot have reached: it was put back to an earlier state (INC-2). */
export interface RollbackProof {
  readonly map: string;
  readonly pid: number;
  /** what a device was told */
  readonly told: Offset;
  /** what the store knows as its last */
  readonly committed: Offset;
}

/**
 * Everything the engine asks of its shell. No effect calls back into the engine before it has returned; completions are
 * later inputs, which may come late, twice or never.
 */
export interface ServerEffects {
  /** To one socket. */
  send(conn: number, message: ServerMessage): void;
  /** To many sockets: encoded once. `shared`: what many others are sent, too, by calls of their own: encoded once for all of them. */
  sendShared(conns: readonly number[], message: ServerMessage, shared?: SharedMessage): void;
  /** Ends a socket; the engine has forgotten it already and needs no `closed`. */
  close(conn: number, code: number, reason: string): void;
  /** Checks a token; answered by `verified`. */
  verify(conn: number, token: string | undefined): void;
  /** Makes a batch durable; answered by `committed`. At most one is under way. */
  commit(id: number, batch: CommitBatch): void;
  /** Settles an unknown commit; answered by `dedupRead` with one state per name, in order. */
  readDedup(id: number, names: readonly DedupName[]): void;
  /** Begins a new life of the store; answered by `renewed` once that is durable. */
  renew(): void;
  /** (Re)arms a named timer; answered by `timer` once. */
  arm(timer: string, delayMs: number): void;
  cancel(timer: string): void;
  /** A device holds a position that this store named and does not know: it was put back to an earlier state (INC-2). */
  rolledBack?(proof: RollbackProof): void;
  /** A resolver of the program threw, or answered nonsense; its op was refused. */
  resolverFailed?(fault: ResolverFault): void;
  /** What became of a repair; it is durable (CLK-7). */
  repaired?(call: number, result: RepairResult): void;
  /** The stored policies of this version, and of those before it, are durable and hold (PERM-11); not ours: another node has stored others. */
  policiesStored?(version: number, isOurs: boolean): void;
  /** Other policies hold from now on, here and for whatever else asks them. */
  policiesChanged?(): void;
  /**
   * Facts of webhooks that are durable, by the names of their meta records: subscriptions, deliveries, places in topics (HOOK-22); in a cluster
   * revocations too (AUTH-44). None: this node owns other partitions than before.
   */
  outboxStored?(facts: ReadonlyMap<string, unknown>): void;
  /** A result was made that nobody had asked for before; told within the input that asked for it (QRY-11). */
  queried?(about: QueriedResult): void;
  /** Asks the program about an op, before the gate and the map are asked; answered by `screened` (INT-3). Only of engines with `isScreened`. */
  screen?(question: number, op: Op): void;
  /** An op is durable, or durably refused; told in the turn of its commit (DBG-3). */
  decided?(op: Op, entry: OpEntry): void;
  /** After `drain`, once: everything admitted is durable and answered. */
  drained?(): void;
}

/** How the rows of a new result were found. */
export interface QueriedResult {
  readonly conn: number;
  readonly map: string;
  readonly spec: QuerySpec;
  readonly explanation: Explanation;
}

export interface ServerEngineOptions {
  /** Id of this node as the author of stamps. */
  readonly nodeId: string;
  /** Where clients reach this node, for those that choose their node themselves (CCL-1). */
  readonly publicUrl?: string | undefined;
  /** What `Store.open` answered. */
  readonly boot: StoreBoot;
  readonly policies: readonly Policy[];
  /** What queries and row predicates may need; without an engine those with `regex` are refused. */
  readonly queryPorts?: QueryPorts;
  /** Who judges the writes to which maps; none by default. */
  readonly resolvers?: Resolvers;
  /** Which maps memory alone keeps (SRV-10), for those that the store does not keep already; none by default. */
  readonly isVolatile?: (map: string) => boolean;
  /** The indexes of a map (QRY-7), valid as core's `IndexSet` sees it; none by default. */
  readonly indexesOf?: (map: string) => readonly IndexSpec[];
  /** 32 random bits per call: spreads reconnects. */
  readonly random: () => number;
  /** Proves cursors (RES-3). */
  readonly mac: CursorMac;
  /** Server time at start, ms since the epoch. */
  readonly now: number;
  readonly limits?: Partial<EngineLimits>;
  /** The topics of the node, which other doors ask too; undefined before they are open. By default those of this engine alone. */
  readonly topics?: () => Topics | undefined;
  /** Other nodes have the same store. Then nothing is owned at first, and no map is kept by memory alone (CLU-27). */
  readonly cluster?: ClusterOptions;
  /** Whether the program is asked about every op (INT-3); not by default. */
  readonly isScreened?: boolean;
}

/** What became of a token. */
export type Verdict =
  /** `seenMs`: when another node saw the client, whose op it is to be bound with */
  { readonly principal: Principal; readonly seenMs?: number | undefined } | { readonly error: ErrorCode };

/** Why the session of a principal may not go on: its token was revoked, or the key that signed it is not believed any more. */
export type Objection = 'REVOKED' | 'WITHDRAWN' | undefined;

/**
 * How a device was brought up to date. equal: it was; cursor: by the changes since its cursor; digest: a query by the root of what
 * it held; merkle: a walk over hashes; snapshot: it had nothing of what there is.
 */
export type SyncKind = 'equal' | 'cursor' | 'digest' | 'merkle' | 'snapshot';

/** For metrics and status; counters only ever grow within the life of an engine. */
export interface EngineStats {
  readonly connections: number;
  readonly authenticated: number;
  readonly maps: number;
  /** records held in memory, tombstones included */
  readonly records: number;
  readonly scopes: number;
  readonly viewGroups: number;
  readonly queries: number;
  readonly sharedQueries: number;
  readonly topics: number;
  /** declared indexes of all maps, and those of them that are not complete and not used yet */
  readonly indexes: number;
  readonly indexesBuilding: number;
  /** results made for queries, rows looked at for them, and changes of results told to subscribers */
  readonly queryResults: number;
  readonly queryRowsExamined: number;
  readonly queryDeltas: number;
  /** ops admitted and not yet durable */
  readonly staged: number;
  /** ops that wait for the meta record of their map, or for the store to recover */
  readonly parked: number;
  /** of both, about */
  readonly pendingBytes: number;
  readonly commits: number;
  readonly commitsFailed: number;
  readonly commitsUnknown: number;
  readonly opsApplied: number;
  readonly opsSuperseded: number;
  readonly opsDuplicate: number;
  /** refused messages and ops by code */
  readonly refused: ReadonlyMap<ErrorCode, number>;
  /** how often each limit refused, cut or ended something, by its name in LIMITS */
  readonly limitsHit: ReadonlyMap<LimitName, number>;
  readonly topicMessages: number;
  /** scopes and queries brought up to date, by the way that was taken */
  readonly syncs: Readonly<Record<SyncKind, number>>;
  /** messages that a subscriber did not get because it was behind */
  readonly topicDrops: number;
  /** packed time of the server's clock; moves only with admitted ops */
  readonly clock: number;
  readonly draining: boolean;
}

export type { ClientMessage, CommitBatch, CommitResult, ErrorCode, ServerMessage };
