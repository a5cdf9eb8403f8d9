import type { CloseCode, ErrorCode, OpsMessage, ServerMessage } from '@topgun/protocol';
import type { Connection } from '../Connection.js';
import type { HasReached } from './HeldAnswers.js';

/** The engine as the forwarding of ops sees it. */
export interface ForwardingPorts {
  /** Whether this node takes ops of a partition in at this moment (CLU-14). */
  takes(pid: number): boolean;
  /** Nothing new is taken in: the node is on its way down. */
  isClosed(): boolean;
  readonly hasReached: HasReached;
  /** Takes ops in whose partitions this node owns; they have so many bytes, about. */
  admit(conn: Connection, ops: OpsMessage, bytes: number): void;
  /** Tells a writer who asked to know early that its op was taken in (SRV-9). */
  taken(conn: Connection, session: string, seq: number): void;
  /** Answers an op for now. */
  refuse(conn: Connection, session: string, seq: number, code: ErrorCode): void;
  send(conn: number, message: ServerMessage): void;
  /** Says why, and ends a client's connection. */
  fail(conn: Connection, error: ErrorCode, code: CloseCode): void;
  /** To be called before a client hears the answer to its op: its scope of the map has passed the partition's place (CLU-32). */
  bring(conn: Connection, map: string, pid: number): void;
  /** An op of a session is on its way: what is known of the session is not to be forgotten with the connection. */
  wrote(conn: Connection, session: string): void;
  /** When a client was bound to its subject, or last seen to be, as this node has it. */
  seenMs(conn: Connection): number | undefined;
  /** No more can wait, of this limit. */
  full(limit: 'forwardedOps' | 'forwardedBytes'): void;
  /** of the store */
  incarnation(): string;
  /** of this input, ms */
  nowMs(): number;
}

/** The forwarding of ops as the engine sees it. */
export interface OpForwarding {
  /** Once, before anything else. */
  connect(ports: ForwardingPorts): void;
  /** A frame of ops has come, in so many bytes. */
  ops(conn: Connection, message: OpsMessage, now?: number, bytes?: number): void;
  /** A session of a client is settled and over. */
  ended(conn: Connection, session: string): void;
  /** A connection is gone. */
  gone(conn: Connection): void;
  /** The end of a turn. */
  tick(): void;
}
