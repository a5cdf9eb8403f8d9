import { assertAdmitted, partitionOf, TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import type { EngineLimits } from '../EngineLimits.js';
import type { OwnerClock } from '../OwnerClock.js';
import { START } from '../Partition.js';
import type { ServerEffects } from '../ports.js';
import type { RecordTable } from '../RecordTable.js';
import { itemOf, Row } from '../Row.js';
import type { Staging } from '../Staging.js';
import { bytesOfValue } from '../sizeOf.js';
import {
  aheadMsOf,
  type PoisonedRecord,
  type Repair,
  type RepairOrder,
  type RepairResult,
} from './Repair.js';

const PREFIX = 'repair:';

export interface RepairParts {
  readonly effects: Pick<ServerEffects, 'repaired'>;
  readonly table: RecordTable;
  readonly staging: Staging;
  readonly clock: OwnerClock;
  readonly limits: EngineLimits;
}

interface Asked {
  readonly call: number;
  /** number of the repair, the same however often its flush fails */
  readonly id: number;
  readonly order: RepairOrder;
}

/**
 * Puts records from the future right (CLK-7). A poisoned record wins against every write for as long as its stamp lies
 * ahead, so no stamp can take its place: the version of a repair names the epoch that begins with it, and in every store
 * a later repair comes before any stamp. Versions written on top carry it on. Devices know nothing of this: they replace
 * rows in the order of offsets, and the new epoch lies above all they were told.
 *
 * A repair and what is kept of it are one commit.
 */
export class Repairs {
  readonly #parts: RepairParts;
  /** the repairs that were made, by name of their meta record, oldest first */
  readonly #kept = new Map<string, Repair>();
  #waiting: Asked[] = [];
  /** staged and not durable yet, by name of the meta record that is in the same commit */
  readonly #staged = new Map<string, { readonly asked: Asked; readonly repair: Repair }>();
  #lastId = 0;

  constructor(parts: RepairParts, meta: ReadonlyMap<string, unknown>) {
    this.#parts = parts;
    // Written by `run`.
    const stored = [...meta].filter(([name]) => name.startsWith(PREFIX)) as [string, Repair][];
    for (const [name, repair] of stored.sort(([, a], [, b]) => a.id - b.id)) {
      this.#kept.set(name, repair);
      this.#lastId = repair.id;
    }
  }

  /** The repairs that are kept, the oldest first. */
  get log(): readonly Repair[] {
    return [...this.#kept.values()];
  }

  ask(call: number, order: RepairOrder): void {
    this.#waiting.push({ call, id: ++this.#lastId, order });
  }

  /** What waits is staged, in one new epoch. To be called before the flush of a turn, and not while a new life of the store begins. */
  run(now: number): void {
    const { table, staging, clock, effects } = this.#parts;
    if (this.#waiting.length === 0 || staging.isHolding) return;
    const asked = this.#waiting;
    this.#waiting = [];
    if (clock.isAhead) clock.setBack();
    const epoch = table.nextEpoch(now);
    for (const each of asked) {
      // Another node may have been quicker with a repair of this number.
      const one = this.#kept.has(PREFIX + each.id) ? { ...each, id: ++this.#lastId } : each;
      const result = this.#judge(one, epoch, now);
      if (!('row' in result)) {
        effects.repaired?.(one.call, result);
        continue;
      }
      const { row, repair } = result;
      const name = PREFIX + one.id;
      staging.stageRows([row], now);
      staging.stageMeta(name, repair, now, { value: undefined });
      this.#staged.set(name, { asked: one, repair });
    }
  }

  /** What another node has kept or let go of. */
  follow(name: string, value: unknown): void {
    if (!name.startsWith(PREFIX)) return;
    if (value === null) {
      this.#kept.delete(name);
      return;
    }
    const repair = value as Repair;
    this.#kept.set(name, repair);
    this.#lastId = Math.max(this.#lastId, repair.id);
  }

  /** A flush failed and took the rows with it. */
  again(): void {
    this.#waiting = [...Array.from(this.#staged.values(), ({ asked }) => asked), ...this.#waiting];
    this.#staged.clear();
  }

  /** A commit is durable, with these facts in it. */
  committed(meta: ReadonlyMap<string, unknown>, now: number): void {
    for (const name of meta.keys()) {
      const staged = this.#staged.get(name);
      if (staged === undefined) continue;
      this.#staged.delete(name);
      this.#kept.set(name, staged.repair);
      this.#parts.effects.repaired?.(staged.asked.call, { repair: staged.repair });
    }
    this.#forgetOldest(now);
  }

  /** Records of a partition that a repair is for. */
  poisonedIn(pid: number, now: number): PoisonedRecord[] {
    const rows = this.#parts.table.durable.partition(pid).changes.since(START, Number.MAX_SAFE_INTEGER);
    return rows
      .filter((row) => this.#isPoisoned(row, now))
      .map(({ map, key, tag, kind, value, t, node }) => {
        const name = tag === undefined ? { map, key } : { map, key, tag };
        return { ...name, kind, value, stamp: { t, node }, aheadMs: aheadMsOf(t, now) };
      });
  }

  /** A counter adds whatever the stamps, and a removed element stays removed: only what wins by its stamp is poisoned, or is to be seen. */
  #isPoisoned({ t, kind, value }: Row, now: number): boolean {
    if (kind === 'PN' || (kind === 'OR' && value === undefined)) return false;
    return aheadMsOf(t, now) > this.#parts.limits.skewMs;
  }

  #judge(
    { id, order }: Asked,
    epoch: number,
    now: number,
  ): { readonly row: Row; readonly repair: Repair } | Exclude<RepairResult, { readonly repair: Repair }> {
    const { table, clock } = this.#parts;
    const { map, key, tag, change, by } = order;
    const fault = faultIn(order);
    if (fault !== undefined) return { code: 'REPAIR_INVALID', reason: fault };
    if (table.laneOf(map).isVolatile)
      return {
        code: 'REPAIR_UNSUPPORTED',
        reason: 'memory alone keeps the map, until the server is started again',
      };
    const partition = table.durable.partition(partitionOf(key));
    // Its owner alone knows what stands (CLU-35).
    if (!partition.isOwn) return { elsewhere: partition.pid };
    const current = table.map(map)?.current(itemOf(key, tag));
    if (current === undefined) return { code: 'REPAIR_MISSING', reason: 'there is no such record' };
    if (current.kind === 'PN')
      return { code: 'REPAIR_UNSUPPORTED', reason: 'a counter adds up whatever the stamps' };
    if (current.kind === 'OR' && change.type !== 'remove')
      return { code: 'REPAIR_UNSUPPORTED', reason: 'an element is never written anew, only removed' };
    if (!this.#isPoisoned(current, now))
      return { code: 'REPAIR_NEEDLESS', reason: 'ordinary writes win against it' };
    const made = { t: clock.stamp(), node: clock.node };
    const row = new Row({
      ...fieldsOf(current),
      value: change.type === 'keep' ? current.value : change.type === 'put' ? change.value : undefined,
      ttlMs: change.type === 'keep' ? current.ttlMs : change.type === 'put' ? change.ttlMs : undefined,
      ...made,
      epoch: partition.epoch,
      n: ++partition.staged,
      from: undefined,
      // Of several nodes one may have been asked before whose clock goes ahead of this one's.
      repaired: current.kind === 'LWW' ? Math.max(epoch, (current.repaired ?? 0) + 1) : undefined,
    });
    const old = { t: current.t, node: current.node };
    const name = tag === undefined ? { map, key } : { map, key, tag };
    return { row, repair: { id, atMs: now, by, ...name, change: change.type, old, made, epoch } };
  }

  #forgetOldest(now: number): void {
    for (const name of this.#kept.keys()) {
      if (this.#kept.size <= LIMITS.repairsKept) return;
      this.#kept.delete(name);
      this.#parts.staging.stageMeta(name, null, now);
    }
  }
}

function fieldsOf({ map, key, item, pid, kind, tag, owner, slot }: Row) {
  return { map, key, item, pid, kind, tag, owner, slot };
}

/** Why an order cannot be carried out whatever the store holds. */
function faultIn({ change, by }: RepairOrder): string | undefined {
  if (typeof by !== 'string' || by === '' || by.length > LIMITS.repairByChars)
    return `"by" names who asks, in 1 to ${LIMITS.repairByChars} characters`;
  if (change.type !== 'put') return undefined;
  const { value, ttlMs } = change;
  const isTtl = ttlMs === undefined || (Number.isSafeInteger(ttlMs) && ttlMs > 0 && ttlMs <= LIMITS.ttlMs);
  if (!isTtl) return `"ttlMs" is a whole number from 1 to ${LIMITS.ttlMs}`;
  try {
    assertAdmitted(value);
  } catch (error) {
    if (error instanceof TopGunError) return error.message;
    throw error;
  }
  return bytesOfValue(value) <= LIMITS.replyBytes ? undefined : 'the value is too large for a frame';
}
