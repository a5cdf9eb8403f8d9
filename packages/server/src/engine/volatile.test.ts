import { CONCERN, type MessageOf, OP, OUTCOME, type SubRow } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { TestNode, type TestNodeOptions } from './testing/TestNode.js';

const node = (options: TestNodeOptions = {}): TestNode => new TestNode({ volatile: ['cursors'], ...options });
/** What a device would resume with. */
const cursorOf = (root: MessageOf<'SYNC_ROOT'> | undefined): Uint8Array =>
  new Uint8Array([...(root?.at ?? []), ...(root?.proof ?? [])]);
const ACK = { APPLIED: 2, PERSISTED: 4 } as const;

describe('maps that memory alone keeps', () => {
  it('[SRV-10] are answered APPLIED with an offset, before any commit, and nothing of them is ever stored', () => {
    const world = node();
    const ann = world.device();
    ann.put('cursors', 'ann', { x: 1 });
    world.settle();
    const known = world.batches.length;
    ann.put('cursors', 'ann', { x: 2 });
    world.tick();
    expect(ann.answers.at(-1)).toMatchObject({ seq: 2, level: ACK.APPLIED, outcome: 0, n: 2 });
    expect(world.engine.rootOf('cursors')).not.toBe(0);
    world.settle();
    expect(world.batches.length).toBe(known);
    const stored = world.batches.flatMap(({ slices }) => slices);
    expect(stored.flatMap(({ records, dedup }) => [...records, ...dedup])).toEqual([]);
    // The name and the kind are settled like those of any map (DAT-2).
    expect(world.batches.flatMap(({ meta }) => meta)).toContainEqual({
      name: 'map:cursors',
      value: { kind: 'LWW', volatile: true },
    });
  });

  it('[SRV-10] are followed like any map, and their deltas wait for no disk', () => {
    const world = node();
    const [ann, ben] = [world.device('ann'), world.device('ben')];
    ann.put('cursors', 'ann', { x: 1 });
    world.settle();
    expect(ben.syncInit('cursors')).toMatchObject({ map: 'cursors', volatile: true });
    ann.put('todos', 'held', 1);
    ann.put('cursors', 'ann', { x: 2 });
    world.tick();
    expect(ben.last('SERVER_EVENT')).toMatchObject({ map: 'cursors' });
    expect(ann.answers.map(({ seq }) => seq)).not.toContain(2);
  });

  it('[SRV-10] a write is sent again, and takes effect once, as long as the node lives', () => {
    const world = node();
    const ann = world.device();
    const row = ann.increment('cursors', 'n', 5);
    world.settle();
    const root = world.engine.rootOf('cursors');
    ann.ops(['cursors'], [row]);
    world.tick();
    expect(ann.answers).toMatchObject([
      { outcome: OUTCOME.APPLIED, n: 1 },
      { outcome: OUTCOME.DUPLICATE, n: 1 },
    ]);
    expect(world.engine.rootOf('cursors')).toBe(root);
  });

  it('[SRV-10] are empty after a restart: old cursors are good for nothing and prove no rollback', () => {
    const world = node();
    const ann = world.device();
    for (let i = 0; i < 5; i++) ann.put('cursors', `k${i}`, i);
    ann.put('todos', 'kept', 1);
    world.settle();
    const cursors = cursorOf(ann.syncInit('cursors'));
    const todos = cursorOf(ann.syncInit('todos'));
    // With this commit the key of the cursors is stored.
    ann.put('todos', 'more', 2);
    world.settle();
    world.restart();
    expect(world.engine.rootOf('cursors')).toBe(0);
    const back = world.device();
    back.put('cursors', 'new', 1);
    world.settle();
    // No cursor was followed: the hashes of all partitions are there, for the walk that takes away what is gone.
    expect(back.syncInit('cursors', 'LWW', 1, cursors)?.parts).toBeDefined();
    expect(back.syncInit('todos', 'LWW', 1, todos)?.parts).toBeUndefined();
    expect(world.rollbacks).toEqual([]);
  });

  it('[SRV-10] take no part in a transaction with durable maps; among themselves they do', () => {
    const world = node({ volatile: ['cursors', 'hovers'] });
    const ann = world.device();
    const both: SubRow[] = [
      [OP.PUT, 0, '{a}1', null, 1],
      [OP.PUT, 1, '{a}2', null, 2],
    ];
    for (const maps of [
      ['cursors', 'todos'],
      ['todos', 'cursors'],
      ['cursors', 'hovers'],
    ])
      ann.transaction(maps, both);
    world.settle();
    expect([1, 2, 3].map((seq) => ann.codeOf(seq))).toEqual(['VOLATILE_MAP', 'VOLATILE_MAP', undefined]);
    expect(world.engine.rootOf('todos')).toBe(0);
  });

  it('[SRV-10] MEMORY is answered early, and then for good', () => {
    const world = node();
    const ann = world.device();
    ann.put('cursors', 'k', 1);
    world.settle();
    ann.put('cursors', 'k', 2, CONCERN.MEMORY);
    world.tick();
    expect(ann.answers.filter(({ seq }) => seq === 2).map(({ level, n }) => [level, n])).toEqual([
      [1, 0],
      [ACK.APPLIED, 2],
    ]);
  });

  it('[SRV-10] what the store keeps stays there, whatever the configuration says; what it does not keep may move in', () => {
    const options = { volatile: [] as string[] };
    const world = new TestNode(options);
    const ann = world.device();
    ann.put('todos', 'k', 1);
    world.settle();
    options.volatile.push('todos', 'cursors');
    world.restart();
    world.device('ben').put('cursors', 'k', 1);
    world.settle();
    expect(world.engine.rootOf('todos')).not.toBe(0);
    options.volatile.length = 0;
    world.restart();
    const cat = world.device('cat');
    cat.put('cursors', 'k', 2);
    cat.put('todos', 'k', 2);
    world.settle();
    expect(cat.answers.map(({ level }) => level)).toEqual([ACK.PERSISTED, ACK.PERSISTED]);
    expect(
      world.batches.flatMap(({ slices }) => slices.flatMap(({ records }) => records.map(({ map }) => map))),
    ).toEqual(expect.arrayContaining(['cursors', 'todos']));
  });

  it('[SRV-10] their deletions are forgotten after the retention, and their records end with their time', () => {
    const world = node({
      limits: { retentionMs: 100_000, commitMarks: 10, reapEveryMs: 1_000, reapPauseMs: 10 },
    });
    const ann = world.device();
    for (let i = 0; i < 50; i++) ann.put('cursors', `k${i}`, i);
    for (let i = 0; i < 50; i++) ann.remove('cursors', `k${i}`);
    world.settle();
    expect(world.engine.stats().records).toBe(50);
    for (let i = 0; i < 300; i++) world.pass(1_000);
    expect(world.engine.stats().records).toBe(0);
    expect(world.batches.flatMap(({ slices }) => slices)).toEqual([]);
  });
});
