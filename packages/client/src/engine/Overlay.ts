import { OP } from '@topgun/protocol';
import type { PendingOp } from './PendingOp.js';

/** The pending ops of one key in the order of their stamps; those before `head` have left. */
interface KeyOps {
  ops: PendingOp[];
  head: number;
  /** Sum of the increments. */
  delta: number;
}

const NO_OPS: readonly PendingOp[] = [];

/** Order of two stamps. No two ops have the same one but the writes of a transaction, which have each a tag of its own. */
const compare = (a: PendingOp, b: PendingOp): number =>
  a.t - b.t || compareTexts(a.node, b.node) || compareTexts(a.tag, b.tag);

const compareTexts = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * The pending ops of one map by key (DEV-1). A key may have as many as the log holds, so all that a write, an answer or a
 * read of one value needs costs the same at any number: the ends of the list, and the sum of a counter's increments. Ops
 * come at the end and leave at the front or the end; elsewhere they are found by bisection.
 */
export class Overlay {
  readonly #byKey = new Map<string, KeyOps>();

  keys(): IterableIterator<string> {
    return this.#byKey.keys();
  }

  get isEmpty(): boolean {
    return this.#byKey.size === 0;
  }

  has(key: string): boolean {
    return this.#byKey.has(key);
  }

  /** Whether this very op is here. */
  holds(op: PendingOp): boolean {
    return this.#find(op) >= 0;
  }

  /** All ops of a key, the oldest first. After ops have left, the first call costs their number. */
  of(key: string): readonly PendingOp[] {
    const found = this.#byKey.get(key);
    if (!found) return NO_OPS;
    this.#trim(found);
    return found.ops;
  }

  first(key: string): PendingOp | undefined {
    const found = this.#byKey.get(key);
    return found?.ops[found.head];
  }

  /** The op that wins over all others of its key. */
  last(key: string): PendingOp | undefined {
    return this.#byKey.get(key)?.ops.at(-1);
  }

  /** What the increments of a key add up to. */
  delta(key: string): number {
    return this.#byKey.get(key)?.delta ?? 0;
  }

  add(op: PendingOp): void {
    const found = this.#byKey.get(op.key);
    const delta = op.op === OP.INCREMENT ? (op.value as number) : 0;
    if (!found) {
      this.#byKey.set(op.key, { ops: [op], head: 0, delta });
      return;
    }
    found.delta += delta;
    const { ops } = found;
    let at = ops.length;
    while (at > found.head && compare(ops[at - 1] as PendingOp, op) > 0) at--;
    if (at === ops.length) ops.push(op);
    else ops.splice(at, 0, op);
  }

  /** Takes an op out; true when its key has none left. */
  remove(op: PendingOp): boolean {
    const found = this.#byKey.get(op.key);
    const at = this.#find(op);
    if (!found || at < 0) return !found;
    const { ops } = found;
    if (op.op === OP.INCREMENT) found.delta -= op.value as number;
    if (at === ops.length - 1) ops.pop();
    else if (at === found.head) found.head++;
    else ops.splice(at, 1);
    if (found.head * 2 > ops.length) this.#trim(found);
    if (ops.length > found.head) return false;
    return this.#byKey.delete(op.key);
  }

  #trim(found: KeyOps): void {
    if (found.head > 0) found.ops.splice(0, found.head);
    found.head = 0;
  }

  #find(op: PendingOp): number {
    const found = this.#byKey.get(op.key);
    if (!found) return -1;
    const { ops } = found;
    let [low, high] = [found.head, ops.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = ops[middle] as PendingOp;
      if (other === op) return middle;
      if (compare(other, op) < 0) low = middle + 1;
      else high = middle;
    }
    return -1;
  }
}
