import type { Connection } from '../Connection.js';
import type { ForwardedOp } from './ForwardedOp.js';

type Seqs = Map<number, ForwardedOp>;

/** Ops on their way to owners: by partition in the order in which they came, and by their ids. */
export class OpLines {
  readonly #lines = new Map<number, Set<ForwardedOp>>();
  readonly #byConn = new Map<Connection, Map<string, Seqs>>();
  #size = 0;
  #bytes = 0;

  get size(): number {
    return this.#size;
  }

  /** Of all of them, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Partitions that ops wait for, or that they were sent to. */
  pids(): number[] {
    return [...this.#lines.keys()];
  }

  has(pid: number): boolean {
    return this.#lines.has(pid);
  }

  /** The ops of a partition, the oldest first. They may be removed while they are looked at. */
  of(pid: number): ReadonlySet<ForwardedOp> {
    return this.#lines.get(pid) ?? NONE;
  }

  find(conn: Connection, session: string, seq: number): ForwardedOp | undefined {
    return this.#byConn.get(conn)?.get(session)?.get(seq);
  }

  add(op: ForwardedOp): void {
    const line = this.#lines.get(op.pid);
    if (line === undefined) this.#lines.set(op.pid, new Set([op]));
    else line.add(op);
    this.#index(op);
  }

  /** Puts an op before those that came later. O(ops of its partition). */
  insert(op: ForwardedOp): void {
    const line = [...this.of(op.pid)];
    const at = line.findIndex(({ frame }) => frame.order > op.frame.order);
    line.splice(at < 0 ? line.length : at, 0, op);
    this.#lines.set(op.pid, new Set(line));
    this.#index(op);
  }

  remove(op: ForwardedOp): void {
    const line = this.#lines.get(op.pid);
    if (line?.delete(op) !== true) return;
    this.#size--;
    this.#bytes -= op.frame.bytes;
    if (line.size === 0) this.#lines.delete(op.pid);
    const { conn, frame, seq } = op;
    const sessions = this.#byConn.get(conn);
    const seqs = sessions?.get(frame.session);
    seqs?.delete(seq);
    if (seqs?.size === 0) sessions?.delete(frame.session);
    if (sessions?.size === 0) this.#byConn.delete(conn);
  }

  removeAll(conn: Connection): void {
    for (const seqs of [...(this.#byConn.get(conn)?.values() ?? [])])
      for (const op of [...seqs.values()]) this.remove(op);
  }

  #index(op: ForwardedOp): void {
    this.#size++;
    this.#bytes += op.frame.bytes;
    const { conn, frame, seq } = op;
    const sessions = this.#byConn.get(conn) ?? new Map<string, Seqs>();
    this.#byConn.set(conn, sessions);
    const seqs = sessions.get(frame.session);
    if (seqs === undefined) sessions.set(frame.session, new Map([[seq, op]]));
    else seqs.set(seq, op);
  }
}

const NONE: ReadonlySet<ForwardedOp> = new Set();
