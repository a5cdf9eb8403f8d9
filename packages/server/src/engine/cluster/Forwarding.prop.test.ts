import { partitionOf } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WorldDatabase, WorldNode } from './testing/ForwardingWorld.js';
import { MemoryNetwork } from './testing/MemoryLinks.js';

const NAMES = ['a', 'b', 'c'] as const;
type Name = (typeof NAMES)[number];
/** A few partitions, so that they are met often. */
const KEYS = ['k0', 'k1', 'k2'];
const PIDS = KEYS.map(partitionOf);

const DEEDS = [
  ...([
    'write',
    'write',
    'write',
    'write',
    'write',
    'deliver',
    'deliver',
    'deliver',
    'deliver',
    'deliver',
    'deliver',
  ] as const),
  ...([
    'tick',
    'tick',
    'tick',
    'tick',
    'commit',
    'commit',
    'follow',
    'tell',
    'tell',
    'tell',
    'take',
    'take',
    'take',
  ] as const),
  ...(['move', 'die', 'aim', 'cut', 'join'] as const),
];

/** Random steps by a seed. */
function* steps(seed: number, count: number) {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  for (let left = count; left > 0; left--)
    yield {
      what: DEEDS[below(DEEDS.length)] as (typeof DEEDS)[number],
      node: NAMES[below(3)] as Name,
      other: NAMES[below(3)] as Name,
      at: below(KEYS.length),
      count: 1 + below(4),
    };
}

class World {
  readonly network = new MemoryNetwork();
  readonly database = new WorldDatabase('a');
  readonly nodes = new Map(NAMES.map((name) => [name, new WorldNode(name, this.network, this.database)]));
  /** by node: its client, and how many ops it has written */
  readonly clients = new Map(
    NAMES.map((name) => [name, { conn: this.node(name).client(`s-${name}`), seq: 0 }]),
  );
  readonly written = new Map<string, string>();

  constructor() {
    for (const [one, other] of [
      ['a', 'b'],
      ['a', 'c'],
      ['b', 'c'],
    ] as const)
      this.network.link(one, other, true);
    for (const pid of PIDS) this.node('a').own.add(pid);
    for (const name of NAMES) this.tell(name);
  }

  node(name: Name): WorldNode {
    return this.nodes.get(name) as WorldNode;
  }

  tell(name: Name): void {
    this.node(name).forwarding.mapChanged(this.database.map());
  }

  write(name: Name, at: number, count: number): void {
    const client = this.clients.get(name);
    if (client === undefined) return;
    const seqs = Array.from({ length: count }, () => ++client.seq);
    const keyOf = (seq: number): string => KEYS[(seq * 3 + at) % KEYS.length] as string;
    for (const seq of seqs) this.written.set(`s-${name}/${seq}`, keyOf(seq));
    this.node(name).write(client.conn, `s-${name}`, seqs, keyOf);
  }

  /** The owner gives a partition away: what is staged is durable first, or, when it is dead for the others, void. */
  move(at: number, to: Name | undefined, isPlanned: boolean): void {
    const pid = PIDS[at] as number;
    const owner = this.database.owners[pid];
    if (owner === undefined || owner.node === to) return;
    const from = owner.node === undefined ? undefined : this.node(owner.node as Name);
    if (isPlanned) from?.commit();
    owner.node = to;
    owner.target = undefined;
    owner.epoch++;
    this.database.version++;
    from?.lose(new Set([pid]));
  }

  /** What was granted is taken in from now on. */
  take(name: Name): void {
    const node = this.node(name);
    const mine = PIDS.filter((pid) => this.database.owners[pid]?.node === name && !node.own.has(pid));
    for (const pid of mine) node.own.add(pid);
    node.follow();
    node.forwarding.opened(mine);
  }

  settle(): void {
    for (let round = 0; round < 50; round++) {
      for (const name of NAMES) {
        this.tell(name);
        this.take(name);
        this.node(name).tick();
        this.node(name).commit();
        this.node(name).follow();
        this.node(name).tick();
      }
      while (this.network.deliver());
    }
  }
}

describe('ops on their way to owners that change, over links that break', () => {
  it('[CLU-30][CLU-31][CLU-33] executes each op once, in the order of its session and partition, and answers all', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const world = new World();
        for (const { what, node: name, other, at, count } of steps(seed, 300)) {
          const node = world.node(name);
          if (what === 'write') world.write(name, at, count);
          else if (what === 'deliver') world.network.deliver((ways) => (at + count) % ways);
          else if (what === 'tick') node.tick();
          else if (what === 'commit') node.commit(count);
          else if (what === 'follow') node.follow();
          else if (what === 'tell') world.tell(name);
          else if (what === 'move') world.move(at, name, true);
          else if (what === 'die') world.move(at, count === 1 ? undefined : name, false);
          else if (what === 'take') world.take(name);
          else if (what === 'aim') {
            const owner = world.database.owners[PIDS[at] as number];
            if (owner !== undefined) owner.target = owner.target === undefined ? name : undefined;
            world.database.version++;
          } else if (name !== other) world.network.link(name, other, what === 'join');
        }
        for (const owner of world.database.owners) {
          owner.node ??= 'b';
          owner.target = undefined;
        }
        world.database.version++;
        world.network.link('a', 'b', true);
        world.network.link('b', 'c', true);
        world.settle();

        expect(new Set(world.database.stored.keys())).toEqual(new Set(world.written.keys()));
        expect([...world.database.effects.values()].every((times) => times === 1)).toBe(true);
        for (const log of world.database.logs) {
          const last = new Map<string, number>();
          for (const id of log) {
            const [session = '', seq] = id.split('/');
            expect(Number(seq)).toBeGreaterThan(last.get(session) ?? 0);
            last.set(session, Number(seq));
          }
        }
        const answered = [...world.nodes.values()].flatMap(({ heard }) => heard);
        expect(answered.filter(({ code }) => code !== undefined)).toEqual([]);
        expect(new Set(answered.map(({ id }) => id))).toEqual(new Set(world.written.keys()));
        for (const { forwarding } of world.nodes.values()) {
          expect([forwarding.size, forwarding.waiting, forwarding.heldAnswers]).toEqual([0, 0, 0]);
        }
      }),
      { numRuns: 300, examples: [[1_088_954_055]] },
    );
  });
});
