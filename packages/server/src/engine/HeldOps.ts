import type { Op } from './Op.js';

/** Ops that wait for the store to recover, in the order in which they came. */
export class HeldOps {
  #ops: Op[] = [];
  /** of all of them, about */
  bytes = 0;

  get count(): number {
    return this.#ops.length;
  }

  add(op: Op): void {
    this.#ops.push(op);
    this.bytes += op.bytes;
  }

  /** Takes all out. */
  take(): Op[] {
    const ops = this.#ops;
    this.#ops = [];
    this.bytes = 0;
    return ops;
  }

  /** Takes those of partitions out. */
  takeOf(isAbout: (pid: number) => boolean): Op[] {
    const taken: Op[] = [];
    for (const op of this.take())
      if (isAbout(op.pid)) taken.push(op);
      else this.add(op);
    return taken;
  }
}
