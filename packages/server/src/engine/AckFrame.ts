import type { AckException, AckLevel, ErrorCode, OpAckMessage, Outcome } from '@topgun/protocol';
import { OUTCOME } from '@topgun/protocol';
import type { Row } from './Row.js';
import { RowWriter } from './RowWriter.js';
import { bytesOfRow } from './sizeOf.js';

/** Ops one frame answers at most: with it even a frame of exceptions stays within the wire's counts. */
const OPS_MAX = 5_000;

/** A row as the writer may see it. */
export interface SeenRow {
  readonly row: Row;
  /** undefined = gone */
  readonly seen: unknown;
}

/** One OP_ACK in the making: spans grow while seqs follow each other with one outcome (SRV-6). */
export class AckFrame {
  readonly session: string;
  readonly level: AckLevel;
  readonly epoch: number;
  readonly #spans: [seqFrom: number, count: number, outcome: Outcome][] = [];
  readonly #pos: number[] = [];
  #ex: AckException[] | undefined;
  #rows: RowWriter | undefined;
  #bytes = 0;

  constructor(session: string, level: AckLevel, epoch: number) {
    this.session = session;
    this.level = level;
    this.epoch = epoch;
  }

  /** Whether the op belongs into this frame, and the frame has room. */
  takes(session: string, level: AckLevel, epoch: number, bytesMax: number): boolean {
    return (
      this.epoch === epoch &&
      this.level === level &&
      this.session === session &&
      this.#bytes < bytesMax &&
      this.#pos.length < 2 * OPS_MAX
    );
  }

  add(seq: number, outcome: Outcome, pid: number, n: number): void {
    const last = this.#spans.at(-1);
    if (last !== undefined && last[2] === outcome && last[0] + last[1] === seq) last[1]++;
    else this.#spans.push([seq, 1, outcome]);
    this.#pos.push(pid, n);
  }

  reject(seq: number, code: ErrorCode, reason?: string): void {
    this.add(seq, OUTCOME.REJECTED, 0, 0);
    this.#except(reason === undefined ? [seq, code, null] : [seq, code, null, null, reason]);
  }

  /** Shows a row beside the answer of `seq`. */
  show(seq: number, { row, seen }: SeenRow): void {
    this.#rows ??= new RowWriter();
    const change =
      seen === undefined ? this.#rows.gone(row, this.epoch) : this.#rows.present(row, seen, this.epoch);
    this.#bytes += bytesOfRow(row, seen);
    this.#except(row.epoch === this.epoch ? [seq, null, change] : [seq, null, change, row.epoch]);
  }

  message(): OpAckMessage {
    return {
      type: 'OP_ACK',
      session: this.session,
      level: this.level,
      epoch: this.epoch,
      spans: this.#spans,
      pos: this.#pos,
      ...(this.#rows === undefined ? undefined : { nodes: this.#rows.nodes }),
      ...(this.#ex === undefined ? undefined : { ex: this.#ex }),
    };
  }

  #except(exception: AckException): void {
    if (this.#ex === undefined) this.#ex = [exception];
    else this.#ex.push(exception);
  }
}
