import type { DedupRow, DedupState, Offset, StoredRecord } from '../storage/Store.js';
import type { Policy } from '../security/PermissionPolicy.js';
import type { ClientMessage, CommitResult, EngineStats, ErrorCode, ServerEffects, ServerEngineOptions, Verdict } from './ports.js';

/** Signatures only while the machines are written; every member below stays. */
export declare class ServerEngine {
  constructor(options: ServerEngineOptions, effects: ServerEffects);
  /** Once, before any other input: what the store holds (may be called several times with parts). */
  load(records: Iterable<StoredRecord>, dedup: Iterable<readonly [pid: number, row: DedupRow]>): void;
  opened(conn: number, info: { readonly remote: string }, now: number): void;
  message(conn: number, message: ClientMessage, now: number): void;
  /** The shell could not decode a frame. */
  refused(conn: number, code: ErrorCode, path: string | undefined, now: number): void;
  closed(conn: number, now: number): void;
  verified(conn: number, verdict: Verdict, now: number): void;
  committed(id: number, result: CommitResult, now: number): void;
  dedupRead(id: number, states: readonly (DedupState | undefined)[], now: number): void;
  timer(name: string, now: number): void;
  /** After every turn in which an input came: starts a flush if one is due, sends the answers of the turn. */
  tick(now: number): void;
  drain(now: number): void;
  setPolicies(policies: readonly Policy[], now: number): void;
  stats(): EngineStats;
  /** Live root of a map (DAT-5); 0 when it is unknown or empty. */
  rootOf(map: string): number;
  /** Committed position of every partition that has one. */
  positions(): readonly (readonly [pid: number, offset: Offset])[];
  /** Committed records changed after an offset, by rising offset, in O(changes). */
  changesSince(pid: number, after: Offset, limit: number): readonly StoredRecord[];
}
