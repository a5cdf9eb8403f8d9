import { ACK_LEVEL, OUTCOME } from '@topgun/protocol';
import { compareOffsets } from '../../storage/Store.js';
import type { Admission } from '../Admission.js';
import type { Answers } from '../Answers.js';
import type { ClientBindings } from '../ClientBindings.js';
import type { DedupTable } from '../DedupTable.js';
import type { Op } from '../Op.js';
import type { ServerEffects } from '../ports.js';
import type { StoreLife } from '../Rebirth.js';
import type { RecordTable } from '../RecordTable.js';
import type { Scopes } from '../Scopes.js';
import type { SessionMachine } from '../SessionMachine.js';
import type { Tally } from '../Tally.js';
import type { ForwardingPorts } from './OpForwarding.js';

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
    admit: (conn, ops, bytes) => admission.ops(conn, ops, wall.nowMs, bytes),
    taken: (conn, session, seq) => answers.taken(conn, session, seq, ACK_LEVEL.MEMORY, OUTCOME.APPLIED),
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
    full: (limit) => tally.hit(limit),
    incarnation: () => life.incarnation,
    nowMs: () => wall.nowMs,
  };
}
