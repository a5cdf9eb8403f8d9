import { isText } from './clock/Timestamp.js';
import { mapError } from './errors.js';
import { Listeners } from './maps/Listeners.js';

/** The state of a counter: what each node has added and taken away in total, by node id. */
export interface PNCounterState {
  readonly positive: ReadonlyMap<string, number>;
  readonly negative: ReadonlyMap<string, number>;
}

/** The state as plain objects, for JSON. */
export interface PNCounterObject {
  readonly p: Readonly<Record<string, number>>;
  readonly n: Readonly<Record<string, number>>;
}

/** How a counter is made. */
export interface PNCounterOptions {
  /** The node that this replica counts for. Two replicas with one node id lose each other's counts. */
  readonly nodeId: string;
  readonly initialState?: PNCounterState;
}

/**
 * A counter that every replica may raise and lower: each node keeps its own totals, merging takes the greater total per
 * node, and the value is the sum. So merging is commutative, associative and idempotent.
 */
export class PNCounter {
  readonly #nodeId: string;
  readonly #positive = new Map<string, number>();
  readonly #negative = new Map<string, number>();
  readonly #listeners = new Listeners<number>();

  /** Throws `NODE_INVALID` for an empty node id, `COUNTER_INVALID` for a bad initial state. */
  constructor(options: PNCounterOptions) {
    if (!isText(options.nodeId)) {
      throw mapError('NODE_INVALID', 'The node id of a counter is empty');
    }
    this.#nodeId = options.nodeId;
    if (options.initialState !== undefined) this.merge(options.initialState);
  }

  getNodeId(): string {
    return this.#nodeId;
  }

  /** The value: all that was added less all that was taken away. */
  get(): number {
    return sum(this.#positive) - sum(this.#negative);
  }

  /** Adds one; returns the new value. */
  increment(): number {
    return this.addAndGet(1);
  }

  /** Takes one away; returns the new value. */
  decrement(): number {
    return this.addAndGet(-1);
  }

  /** Adds a whole number of either sign; returns the new value. Throws `COUNTER_INVALID` when a total leaves 2^53. */
  addAndGet(delta: number): number {
    const totals = delta < 0 ? this.#negative : this.#positive;
    const total = (totals.get(this.#nodeId) ?? 0) + Math.abs(delta);
    if (!Number.isSafeInteger(delta) || !Number.isSafeInteger(total)) {
      throw mapError('COUNTER_INVALID', `A counter cannot take the delta ${delta}`);
    }
    if (delta === 0) return this.get();
    totals.set(this.#nodeId, total);
    return this.#tell();
  }

  /** A copy of the state, to be merged elsewhere. */
  getState(): PNCounterState {
    return { positive: new Map(this.#positive), negative: new Map(this.#negative) };
  }

  /** Takes in another replica's state; true when it changed this one. Throws `COUNTER_INVALID`, changing nothing. */
  merge(remote: PNCounterState): boolean {
    assertTotals(remote.positive);
    assertTotals(remote.negative);
    const raised = raise(this.#positive, remote.positive) + raise(this.#negative, remote.negative);
    if (raised > 0) this.#tell();
    return raised > 0;
  }

  /** Calls back with the value, at once and after each change. The function returned ends it. */
  subscribe(callback: (value: number) => void): () => void {
    const end = this.#listeners.add(callback);
    callback(this.get());
    return end;
  }

  static stateToObject(state: PNCounterState): PNCounterObject {
    // fromEntries defines each name as a field of its own, `__proto__` included.
    return { p: Object.fromEntries(state.positive), n: Object.fromEntries(state.negative) };
  }

  /** Throws `COUNTER_INVALID` for what `stateToObject` cannot have made. */
  static objectToState(object: PNCounterObject): PNCounterState {
    const state = {
      positive: new Map(Object.entries(object.p)),
      negative: new Map(Object.entries(object.n)),
    };
    assertTotals(state.positive);
    assertTotals(state.negative);
    return state;
  }

  #tell(): number {
    const value = this.get();
    this.#listeners.emit(value);
    return value;
  }
}

function sum(totals: ReadonlyMap<string, number>): number {
  let result = 0;
  for (const total of totals.values()) result += total;
  return result;
}

function raise(totals: Map<string, number>, remote: ReadonlyMap<string, number>): number {
  let raised = 0;
  for (const [node, total] of remote) {
    if (total <= (totals.get(node) ?? 0)) continue;
    totals.set(node, total);
    raised++;
  }
  return raised;
}

function assertTotals(totals: ReadonlyMap<string, number>): void {
  for (const [node, total] of totals) {
    if (!Number.isSafeInteger(total) || total < 0) {
      throw mapError('COUNTER_INVALID', `The total of node ${node} is ${total}`);
    }
  }
}
