import { partitionOf } from '@topgun/core';
import * as z from 'zod';
import type { RepairOrder, RepairResult } from '../engine/repair/Repair.js';
import type { ClusterMap } from './ports.js';

const orderSchema = z.strictObject({
  map: z.string(),
  key: z.string(),
  tag: z.string().optional(),
  change: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('keep') }),
    z.strictObject({ type: z.literal('put'), value: z.unknown(), ttlMs: z.number().optional() }),
    z.strictObject({ type: z.literal('remove') }),
  ]),
  by: z.string(),
});

/** What nodes say to each other of repairs. */
const frameSchema = z.discriminatedUnion('say', [
  z.strictObject({ say: z.literal('repair'), number: z.int(), order: orderSchema }),
  z.strictObject({
    say: z.literal('repaired'),
    number: z.int(),
    // Of a node of this cluster, which has made it: shown, and nothing rests on it.
    result: z.custom<RepairResult>((result) => typeof result === 'object' && result !== null),
  }),
]);

type RepairFrame = z.infer<typeof frameSchema>;

export interface RepairRoutingParts {
  /** of this node */
  readonly name: string;
  /** Makes a repair here, or says that the partition is another node's. */
  readonly local: (order: RepairOrder) => Promise<RepairResult>;
  /** To a node that is linked; false: it is not. */
  readonly send: (node: string, frame: RepairFrame) => boolean;
  /** Runs something later, in ms; nothing waits for it. */
  readonly after: (ms: number, run: () => void) => void;
  /** how long a repair looks for its owner, and waits for its answer; ms */
  readonly waitMs: number;
}

/** Before the owner of a partition is looked for again, ms. */
const PAUSE_MS = 100;

/**
 * Brings repairs to the nodes that own their records (CLU-35). Unlike an op a repair has no id by which it could be sent twice: where its owner
 * was asked and does not answer, nobody asks again.
 */
export class RepairRouting {
  readonly #parts: RepairRoutingParts;
  readonly #asked = new Map<number, (result: RepairResult) => void>();
  #map: ClusterMap | undefined;
  #number = 0;

  constructor(parts: RepairRoutingParts) {
    this.#parts = parts;
  }

  /** A map that may be newer. */
  mapChanged(map: ClusterMap): void {
    if (map.version > (this.#map?.version ?? 0)) this.#map = map;
  }

  /** Resolves when it is durable at its owner, or refused there; with `elsewhere` where no owner was found, or it did not answer in time. */
  async repair(order: RepairOrder): Promise<RepairResult> {
    const pid = partitionOf(order.key);
    let isLate = false;
    this.#parts.after(this.#parts.waitMs, () => {
      isLate = true;
    });
    while (!isLate) {
      const result = await this.#ask(order, pid);
      if (!('elsewhere' in result) || result.isUnknown === true) return result;
      // Who owns it next may not be known yet.
      await new Promise<void>((resolve) => this.#parts.after(PAUSE_MS, resolve));
    }
    return { elsewhere: pid };
  }

  /** What another node says; what is no frame of this one is passed over. */
  heard(from: string, message: unknown): void {
    const { success, data } = frameSchema.safeParse(message);
    if (!success) return;
    if (data.say === 'repaired') {
      this.#asked.get(data.number)?.(data.result);
      return;
    }
    const { number, order } = data;
    // One that this node can no longer make durable is answered by nobody.
    this.#parts.local(orderOf(order)).then(
      (result) => void this.#parts.send(from, { say: 'repaired', number, result }),
      () => undefined,
    );
  }

  async #ask(order: RepairOrder, pid: number): Promise<RepairResult> {
    const { name, local, send, after, waitMs } = this.#parts;
    const owner = this.#map?.owners[pid]?.node;
    if (owner === undefined || owner === name) return local(order);
    const number = ++this.#number;
    const answer = new Promise<RepairResult>((resolve) => {
      this.#asked.set(number, resolve);
      after(waitMs, () => resolve({ elsewhere: pid, isUnknown: true }));
    });
    const isSent = send(owner, { say: 'repair', number, order: { ...order } });
    const result = isSent ? await answer : { elsewhere: pid };
    this.#asked.delete(number);
    return result;
  }
}

function orderOf({ tag, change, ...rest }: z.infer<typeof orderSchema>): RepairOrder {
  const what =
    change.type === 'put'
      ? { type: change.type, value: change.value, ...(change.ttlMs !== undefined && { ttlMs: change.ttlMs }) }
      : change;
  return { ...rest, change: what, ...(tag !== undefined && { tag }) };
}
