import type { RollbackProof, ServerEffects } from './ports.js';
import type { RecordTable } from './RecordTable.js';

/** The present life of the store, as everybody in the engine sees it. */
export interface StoreLife {
  readonly incarnation: string;
}

/** The way from one life of the store to the next while the engine runs: nothing staged any more → durable → in force (INC-2). */
export class Rebirth {
  readonly life: { incarnation: string };
  readonly #effects: Pick<ServerEffects, 'renew' | 'rolledBack'>;
  readonly #table: RecordTable;
  #state: 'none' | 'due' | 'asked' = 'none';
  #seenEpoch = 0;

  constructor(incarnation: string, effects: Pick<ServerEffects, 'renew' | 'rolledBack'>, table: RecordTable) {
    this.life = { incarnation };
    this.#effects = effects;
    this.#table = table;
  }

  get isUnderWay(): boolean {
    return this.#state !== 'none';
  }

  /** Time was found to be lost, and the life that lacks it must end with this turn. */
  get isDue(): boolean {
    return this.#state === 'due';
  }

  /** The store has lost time: a place was named in it that it does not know. */
  begin(proof: RollbackProof): void {
    this.#effects.rolledBack?.(proof);
    this.#seenEpoch = Math.max(this.#seenEpoch, proof.told.epoch);
    if (this.#state === 'none') this.#state = 'due';
  }

  /** Nothing is staged: the next life may begin. */
  settle(): void {
    if (this.#state !== 'due') return;
    this.#state = 'asked';
    this.#effects.renew();
  }

  /** The new life is durable: from now on it is the present one, and its epochs lie above all of the lost time. */
  renewed(incarnation: string, nowMs: number): void {
    if (this.#state !== 'asked') return;
    this.#state = 'none';
    this.life.incarnation = incarnation;
    this.#table.raiseEpoch(this.#seenEpoch, nowMs);
  }
}
