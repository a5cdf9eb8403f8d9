import type { ErrorCode } from '@topgun/protocol';
import type { DedupSession } from './DedupTable.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import type { Op } from './Op.js';
import type { ServerEffects } from './ports.js';
import type { ScreenVerdict } from './Screened.js';

export interface ScreeningPorts {
  /** No more can wait. */
  full(): void;
  /** Goes on with an op: from dedup on, for much may have happened. */
  admit(op: Op, now: number): void;
  /** Gives an op back that may succeed later. */
  giveBack(op: Op, code: ErrorCode): void;
}

interface Waiting {
  readonly op: Op;
  verdict: ScreenVerdict | undefined;
}

type Line = Map<number, Waiting>;

/**
 * Ops that wait for what the program says of them. The shell asks it; its verdicts are later inputs, in any order. Ops of one
 * session go on in the order in which they came, those of others do not wait for them (INT-4).
 */
export class Screening {
  readonly #effects: ServerEffects;
  readonly #limits: EngineLimits;
  readonly #ports: ScreeningPorts;
  readonly #lines = new Map<DedupSession<Op>, Line>();
  readonly #asked = new Map<number, Waiting>();
  #moving: Set<DedupSession<Op>> = new Set();
  #questions = 0;
  #waiting = 0;

  constructor(effects: ServerEffects, limits: EngineLimits, ports: ScreeningPorts) {
    this.#effects = effects;
    this.#limits = limits;
    this.#ports = ports;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Asks about an op that dedup does not know. Returns the code of a refusal that is not remembered. */
  ask(op: Op): ErrorCode | undefined {
    const line = this.#lines.get(op.session);
    const same = line?.get(op.seq)?.op;
    if (same !== undefined) {
      if (same.fingerprint() !== op.fingerprint()) return 'ID_REUSED';
      same.join(op.conn);
      return undefined;
    }
    if (this.#waiting >= this.#limits.screenedOps) {
      this.#ports.full();
      return 'UNAVAILABLE';
    }
    const waiting: Waiting = { op, verdict: undefined };
    if (line === undefined) this.#lines.set(op.session, new Map([[op.seq, waiting]]));
    else line.set(op.seq, waiting);
    this.#waiting++;
    // The session must not be forgotten with its connection: the op will be remembered in it.
    op.session.isWritten = true;
    const question = ++this.#questions;
    this.#asked.set(question, waiting);
    this.#effects.screen?.(question, op);
    return undefined;
  }

  /** What the program says; done at the next `run`. Later words about the same op are not heard. */
  answer(question: number, verdict: ScreenVerdict): void {
    const waiting = this.#asked.get(question);
    if (waiting === undefined) return;
    this.#asked.delete(question);
    waiting.verdict = verdict;
    this.#moving.add(waiting.op.session);
  }

  /** Lets the ops go on whose turn it is. */
  run(now: number): void {
    const moving = this.#moving;
    if (moving.size === 0) return;
    this.#moving = new Set();
    for (const session of moving) {
      const line = this.#lines.get(session);
      if (line === undefined) continue;
      for (const [seq, { op, verdict }] of line) {
        if (verdict === undefined) break;
        line.delete(seq);
        this.#waiting--;
        this.#release(op, verdict, now);
      }
      if (line.size === 0) this.#lines.delete(session);
    }
  }

  #release(op: Op, verdict: ScreenVerdict, now: number): void {
    if ('later' in verdict) {
      const { later: code, retryAfterMs } = verdict;
      if (op.conn.phase !== 'CLOSED')
        this.#effects.send(op.conn.id, errorMessage(code, { retryAfterMs, ref: op.session.session }));
      this.#ports.giveBack(op, code);
      return;
    }
    op.screened = verdict;
    this.#ports.admit(op, now);
  }
}
