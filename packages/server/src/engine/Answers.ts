import {
  ACK_LEVEL,
  type AckLevel,
  CONCERN,
  type ErrorCode,
  isErrorCode,
  OP,
  OUTCOME,
  type Outcome,
} from '@topgun/protocol';
import { AckFrame, type SeenRow } from './AckFrame.js';
import type { Connection } from './Connection.js';
import type { OpEntry } from './DedupTable.js';
import type { EngineLimits } from './EngineLimits.js';
import type { Gate } from './Gate.js';
import { itemsOf, nameOf, type Op } from './Op.js';
import type { ServerEffects } from './ports.js';
import type { RecordTable } from './RecordTable.js';
import { readableOf } from './Row.js';

/**
 * Answers to ops, joined into one frame per socket, session, level and epoch in each tick (SRV-6, SRV-9).
 *
 * What an answer shows is committed and passes the gate. Who may not read the row that decided learns only `applied` or
 * DENIED, so that a write is no way to ask what is there.
 */
export class Answers {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #frameBytes: number;
  readonly #due = new Set<Connection>();

  constructor(effects: ServerEffects, gate: Gate, table: RecordTable, limits: EngineLimits) {
    this.#effects = effects;
    this.#gate = gate;
    this.#table = table;
    this.#frameBytes = limits.frameBytes;
  }

  /** The op is refused for now: nothing is remembered, the same op may succeed later. */
  refuse(conn: Connection, session: string, seq: number, code: ErrorCode): void {
    this.#frame(conn, session, ACK_LEVEL.PERSISTED, this.#table.epoch).reject(seq, code);
  }

  /** The op has been taken in, or staged with this outcome: for a writer who asked to know early. */
  early(op: Op, conn: Connection, level: AckLevel, outcome: Outcome): void {
    this.taken(conn, op.session.session, op.seq, level, outcome);
  }

  /** The same of an op that is known by its id alone. */
  taken(conn: Connection, session: string, seq: number, level: AckLevel, outcome: Outcome): void {
    this.#frame(conn, session, level, this.#table.epoch).add(seq, outcome, 0, 0);
  }

  /** The staged op is durable now. */
  durable(op: Op, entry: OpEntry): void {
    this.#effects.decided?.(op, entry);
    this.#final(op, op.conn, entry, false);
    if (op.joined !== undefined) for (const conn of op.joined) this.#final(op, conn, entry, false);
  }

  /** The op was durable before: it gets its first answer again. */
  again(op: Op, entry: OpEntry): void {
    this.#final(op, op.conn, entry, true);
  }

  /**
   * The op lies below what its client called settled: its offset is forgotten, so the answer names none. To name a later one would let the
   * device put its old row above a newer one.
   */
  settled(op: Op): void {
    const lane = this.#table.laneOf(nameOf(op));
    const { epoch } = lane.partition(op.pid).committed;
    this.#frame(op.conn, op.session.session, ACK_LEVEL.PERSISTED, epoch).add(
      op.seq,
      OUTCOME.DUPLICATE,
      op.pid,
      0,
    );
  }

  /** Sends what the tick brought. */
  flush(): void {
    for (const conn of this.#due) {
      const frames = conn.acks;
      conn.acks = [];
      if (conn.phase === 'CLOSED') continue;
      for (const frame of frames) this.#effects.send(conn.id, frame.message());
    }
    this.#due.clear();
  }

  #final(op: Op, conn: Connection, entry: OpEntry, isAgain: boolean): void {
    if (conn.phase === 'CLOSED') return;
    // The end of the way for a write that memory alone keeps (SRV-10).
    const isLast = entry.outcome !== OUTCOME.REJECTED && this.#table.laneOf(nameOf(op)).isVolatile;
    const level = isLast ? ACK_LEVEL.APPLIED : ACK_LEVEL.PERSISTED;
    const frame = this.#frame(conn, op.session.session, level, entry.epoch);
    const { seq } = op;
    const { pid } = entry;
    if (entry.outcome === OUTCOME.REJECTED) {
      const code = isErrorCode(entry.code) ? entry.code : 'INTERNAL';
      frame.reject(seq, code, this.#seesAll(op, conn) ? entry.reason : undefined);
      return;
    }
    const rows = this.#rowsFor(op, conn, entry);
    // Without read right on the row that won, losing looks like winning.
    const isHidden = entry.outcome !== OUTCOME.APPLIED && rows === undefined;
    const applied = isAgain ? OUTCOME.DUPLICATE : OUTCOME.APPLIED;
    frame.add(seq, entry.outcome === OUTCOME.APPLIED || isHidden ? applied : entry.outcome, pid, entry.n);
    if (rows !== undefined) for (const row of rows) frame.show(seq, row);
  }

  /**
   * The rows an answer brings: those that stand instead of the op's, and of counters always; undefined when one is hidden. A
   * transaction's answer brings none: it would not say which of its maps each belongs to, and the deltas that went before do.
   */
  #rowsFor(op: Op, conn: Connection, entry: OpEntry): readonly SeenRow[] | undefined {
    const { code } = op;
    if (entry.outcome === OUTCOME.APPLIED && code !== OP.INCREMENT) return undefined;
    const rows: SeenRow[] = [];
    for (const [map, item] of itemsOf(op)) {
      const row = this.#table.map(map)?.committed(item);
      if (row === undefined) continue;
      if (!this.#gate.sees(conn, row)) return undefined;
      const { view } = this.#gate.may(conn, map);
      if (code !== OP.TRANSACTION) rows.push({ row, seen: view.project(readableOf(row)) });
    }
    return rows;
  }

  /** Whether the rows that an op met are seen whole by now: only then it is told why a resolver rejected it (RSV-4). */
  #seesAll(op: Op, conn: Connection): boolean {
    return itemsOf(op).every(([map, item]) => {
      const readable = readableOf(this.#table.map(map)?.committed(item));
      return readable === undefined || this.#gate.may(conn, map).view.project(readable) === readable;
    });
  }

  #frame(conn: Connection, session: string, level: AckLevel, epoch: number): AckFrame {
    const { acks } = conn;
    for (let i = acks.length - 1; i >= 0; i--) {
      const frame = acks[i] as AckFrame;
      if (frame.takes(session, level, epoch, this.#frameBytes)) return frame;
    }
    const frame = new AckFrame(session, level, epoch);
    acks.push(frame);
    this.#due.add(conn);
    return frame;
  }
}

/** The level a concern is answered at before the op is durable; undefined when the writer only waits for the end. */
export function earlyLevel(concern: number): AckLevel | undefined {
  return concern === CONCERN.MEMORY || concern === CONCERN.APPLIED ? concern : undefined;
}
