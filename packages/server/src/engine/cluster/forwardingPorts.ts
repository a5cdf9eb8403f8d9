import type { CloseCode, ErrorCode, OpsMessage, ServerMessage } from '@topgun/protocol';
import { compareOffsets } from '../../storage/Store.js';
import type { Admission } from '../Admission.js';
import type { Answers } from '../Answers.js';
import type { ClientBindings } from '../ClientBindings.js';
import type { Connection } from '../Connection.js';
import type { DedupTable } from '../DedupTable.js';
import type { Op } from '../Op.js';
import type { ServerEffects } from '../ports.js';
import type { StoreLife } from '../Rebirth.js';
import type { RecordTable } from '../RecordTable.js';
import type { Scopes } from '../Scopes.js';
import type { SessionMachine } from '../SessionMachine.js';
import type { Tally } from '../Tally.js';
import type { HasReached } from './HeldAnswers.js';

/** The engine as the forwarding of ops sees it. */
export interface ForwardingPorts {
  /** Whether this node takes ops of a partition in at this moment (CLU-14). */
  takes(pid: number): boolean;
  /** Nothing new is taken in: the node is on its way down. */
  isClosed(): boolean;
  readonly hasReached: HasReached;
  /** Takes ops in whose partitions this node owns. */
  admit(conn: Connection, ops: OpsMessage): void;
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
  /** No more can wait. */
  full(): void;
  /** of the store */
  incarnation(): string;
}

export interface ForwardingMachines {
  readonly effects: Pick<ServerEffects, 'send'>;
  readonly table: RecordTable;
  readonly tally: Tally;
  readonly life: StoreLife;
  readonly wall: { readonly nowMs: number };
  readonly admission: Admission;
  readonly answers: Answers;
  readonly sessions: () => SessionMachine;
  readonly scopes: Scopes;
  readonly dedup: DedupTable<Op>;
  readonly bindings: ClientBindings;
}

export function forwardingPorts(machines: ForwardingMachines): ForwardingPorts {
  const { effects, table, tally, life, wall, admission, answers, sessions, scopes, dedup, bindings } =
    machines;
  const partition = (pid: number) => table.durable.partition(pid);
  return {
    takes: (pid) => partition(pid).isOwn,
    isClosed: () => admission.isClosed,
    hasReached: (pid, epoch, n) => compareOffsets(partition(pid).committed, { epoch, n }) >= 0,
    admit: (conn, ops) => admission.ops(conn, ops, wall.nowMs),
    refuse: (conn, session, seq, code) => {
      tally.refuse(code);
      answers.refuse(conn, session, seq, code);
    },
    send: (conn, message) => effects.send(conn, message),
    fail: (conn, error, code) => sessions().fail(conn, error, code),
    bring: (conn, map, pid) => scopes.bring(conn, map, pid),
    wrote: (conn, session) => {
      dedup.session(conn.clientId, session).isWritten = true;
    },
    seenMs: (conn) => bindings.seenMsOf(conn.clientId),
    full: () => tally.hit('forwardedOps'),
    incarnation: () => life.incarnation,
  };
}
