import { partitionOf } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import type { Repair, RepairOrder, RepairResult } from '../engine/repair/Repair.js';
import type { ClusterMap } from './ports.js';
import { RepairRouting } from './RepairRouting.js';

const KEY = 'k';
const PID = partitionOf(KEY);
const ORDER: RepairOrder = { map: 'm', key: KEY, change: { type: 'put', value: { n: 1 } }, by: 'ada' };

const mapOf = (version: number, owner: string | undefined): ClusterMap => ({
  version,
  nodes: [],
  owners: Array.from({ length: PID + 1 }, (_, pid) => {
    return { pid, epoch: version, node: owner, boot: owner, target: undefined };
  }),
});

/** Nodes that say everything to each other at once; time passes when the test says so. */
class World {
  readonly owner = new Map<string, boolean>();
  readonly made: string[] = [];
  readonly nodes = new Map<string, RepairRouting>();
  readonly timers: { readonly atMs: number; readonly run: () => void }[] = [];
  isCut = false;
  nowMs = 0;

  constructor(...names: string[]) {
    for (const name of names)
      this.nodes.set(
        name,
        new RepairRouting({
          name,
          local: async (order) => this.#local(name, order),
          send: (to, frame) => {
            if (this.isCut) return false;
            this.nodes.get(to)?.heard(name, structuredClone(frame));
            return true;
          },
          after: (ms, run) => this.timers.push({ atMs: this.nowMs + ms, run }),
          waitMs: 1_000,
        }),
      );
  }

  node(name: string): RepairRouting {
    return this.nodes.get(name) as RepairRouting;
  }

  map(map: ClusterMap): void {
    for (const node of this.nodes.values()) node.mapChanged(map);
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    for (const timer of this.timers.splice(0))
      if (timer.atMs <= this.nowMs) timer.run();
      else this.timers.push(timer);
    await new Promise((resolve) => setImmediate(resolve));
  }

  #local(name: string, order: RepairOrder): RepairResult {
    if (this.owner.get(name) !== true) return { elsewhere: PID };
    this.made.push(name);
    return { repair: { map: order.map, key: order.key, by: order.by } as Repair };
  }
}

describe('repairs', () => {
  it('[CLU-35] go to the owner, and its answer comes back', async () => {
    const world = new World('a', 'b');
    world.owner.set('b', true);
    world.map(mapOf(1, 'b'));
    expect(await world.node('a').repair(ORDER)).toEqual({ repair: { map: 'm', key: KEY, by: 'ada' } });
    expect(await world.node('b').repair(ORDER)).toHaveProperty('repair');
    expect(world.made).toEqual(['b', 'b']);
  });

  it('[CLU-35] wait while there is no owner, and go to the one that comes', async () => {
    const world = new World('a', 'b', 'c');
    world.map(mapOf(1, 'b'));
    const repaired = world.node('a').repair(ORDER);
    await world.pass(100);
    world.owner.set('c', true);
    world.map(mapOf(2, 'c'));
    await world.pass(100);
    await world.pass(100);
    expect(await repaired).toHaveProperty('repair');
    expect(world.made).toEqual(['c']);
  });

  it('[CLU-35] are off when no owner was found in time', async () => {
    const world = new World('a', 'b');
    world.isCut = true;
    world.map(mapOf(1, 'b'));
    const repaired = world.node('a').repair(ORDER);
    for (let ms = 0; ms <= 1_000; ms += 100) await world.pass(100);
    expect(await repaired).toEqual({ elsewhere: PID });
  });

  it('[CLU-35] are not sent again when their owner does not answer: they may have been made', async () => {
    const world = new World('a', 'b');
    world.map(mapOf(1, 'b'));
    world.nodes.delete('b');
    const repaired = world.node('a').repair(ORDER);
    for (let ms = 0; ms <= 2_000; ms += 100) await world.pass(100);
    expect(await repaired).toEqual({ elsewhere: PID, isUnknown: true });
  });

  it('[CLU-41] what is no order is passed over', () => {
    const world = new World('a');
    world.owner.set('a', true);
    for (const frame of [
      null,
      7,
      { say: 'repair' },
      { say: 'repair', number: 1, order: { ...ORDER, change: {} } },
    ])
      world.node('a').heard('b', frame);
    expect(world.made).toEqual([]);
  });
});
