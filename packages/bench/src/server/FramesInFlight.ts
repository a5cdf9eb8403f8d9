import type { OpAckMessage, OpRow, OpsMessage } from '@topgun/protocol';
import { ACK_LEVEL, CONCERN, OP, OUTCOME } from '@topgun/protocol';
import { benchRecord } from '../records.js';
import type { Device } from './Device.js';

type Writer = Pick<Device, 'session' | 'incarnation'>;

/** The frames of one session that wait for their answers, all of the same number of ops. Answers of several nodes come in any order. */
export class FramesInFlight {
  readonly #opsPerFrame: number;
  /** ops without an answer, by number of the frame, the oldest first */
  readonly #left = new Map<number, number>();
  #next = 0;

  constructor(opsPerFrame: number) {
    this.#opsPerFrame = opsPerFrame;
  }

  /** The next frame to send, and its number: a record to each key, one key after the other, to be answered when it is on the disk. */
  next(
    { session, incarnation }: Writer,
    keys: readonly string[],
  ): { readonly frame: number; readonly ops: OpsMessage } {
    const frame = this.#next++;
    this.#left.set(frame, this.#opsPerFrame);
    const rows: OpRow[] = [];
    const t = Date.now() * 2048;
    const first = this.#firstSeq(frame);
    for (let seq = first; seq < first + this.#opsPerFrame; seq++)
      rows.push([seq, OP.PUT, 0, keys[seq % keys.length] ?? '', t + (seq % 2048), null, benchRecord(seq)]);
    const [oldest = frame] = this.#left.keys();
    const settledBelow = this.#firstSeq(oldest);
    const concern = CONCERN.PERSISTED;
    const ops = { type: 'OPS', session, settledBelow, incarnation, concern, maps: ['bench'], rows } as const;
    return { frame, ops };
  }

  /** Of an echo: the oldest frame has come back. */
  echoed(): void {
    const [oldest] = this.#left.keys();
    if (oldest !== undefined) this.#left.delete(oldest);
  }

  /** The frames that an answer completes, and how many ops it is about. Throws for a rejected one. */
  answered({ level, spans }: OpAckMessage): { readonly ops: number; readonly frames: readonly number[] } {
    const frames: number[] = [];
    let ops = 0;
    if (level !== ACK_LEVEL.PERSISTED) return { ops, frames };
    for (const [from, count, outcome] of spans) {
      if (outcome === OUTCOME.REJECTED) throw new Error('The server rejected an op of the load');
      ops += count;
      for (let seq = from; seq < from + count; seq++) {
        const frame = Math.floor((seq - 1) / this.#opsPerFrame);
        const left = (this.#left.get(frame) ?? 0) - 1;
        if (left > 0) this.#left.set(frame, left);
        else if (this.#left.delete(frame)) frames.push(frame);
      }
    }
    return { ops, frames };
  }

  #firstSeq(frame: number): number {
    return frame * this.#opsPerFrame + 1;
  }
}
