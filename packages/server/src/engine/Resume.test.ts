import { hashString, partitionOf } from '@topgun/core';
import { encode, LIMITS, OP, packPositions, type ServerMessage, unpackPositions } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cursorMac } from '../security/cursorMac.js';
import type { Policy } from '../security/PermissionPolicy.js';
import { Cursors } from './Cursors.js';
import { IndexBuilder } from './indexes/IndexBuilder.js';
import { RecordTable, type TableParts } from './RecordTable.js';
import { Resume } from './Resume.js';
import { Resolvers } from './resolvers/Resolvers.js';
import { ModelScope } from './testing/ModelScope.js';
import { TestNode } from './testing/TestNode.js';

const ALL: Policy = { role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] };
const SOME: Policy = {
  role: 'part',
  map: '**',
  actions: ['READ'],
  where: { op: 'gte', path: 'i', value: 0 },
};

/** A node with `rows` records in `m`, and a device that has them and their cursor. */
function filled(rows: number, options: ConstructorParameters<typeof TestNode>[0] = {}) {
  const node = new TestNode(options);
  const ann = node.device('ann');
  for (let i = 0; i < rows; i++) ann.put('m', `k${i}`, { i, text: `number ${i}` });
  node.settle();
  const model = new ModelScope(ann, 'm');
  model.sync();
  // Whatever comes next makes the key of the cursors durable.
  ann.put('n', 'k', 0);
  node.settle();
  return { node, ann, model };
}

const typesSince = (node: TestNode, from: number): string[] =>
  node.sent.slice(from).map(({ message }) => message.type);
const bytesSince = (node: TestNode, from: number): number =>
  node.sent.slice(from).reduce((sum, { message }) => sum + encode(message as ServerMessage).length, 0);

const tableParts = (now: number): TableParts => {
  return { resolvers: new Resolvers(), builder: new IndexBuilder(1), dirtyItems: 100, now };
};

describe('resume by cursor', () => {
  it('[RES-3] brings each item that changed once, as it is now, deletions included', () => {
    const { node, ann, model } = filled(300);
    for (let round = 0; round < 3; round++) for (let i = 0; i < 10; i++) ann.put('m', `k${i}`, { i, round });
    ann.remove('m', 'k5');
    ann.put('m', 'new', 'added');
    node.settle();
    const before = node.sent.length;
    model.sync(true);
    expect(typesSince(node, before)).toEqual(['SYNC_DELTA', 'SYNC_ROOT']);
    expect(model.delta).toBe(11);
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
    expect(model.values()).toMatchObject({ k1: { i: 1, round: 2 }, new: 'added' });
    expect(model.rows.has('k5')).toBe(false);
  });

  it('[RES-3] costs what changed in this map: neither what is in it nor what changed in others', () => {
    const { node, ann, model } = filled(200);
    for (let i = 0; i < 500; i++) ann.put('busy', `k${i}`, { i });
    ann.put('m', 'k1', 'changed');
    node.settle();
    model.sync(true);
    expect([model.delta, model.trips]).toEqual([1, filled(200).model.trips]);
  });

  it('[RES-5] identical replicas: one round trip, at most 256 bytes besides the cursor', () => {
    const { node, model } = filled(500);
    const before = node.sent.length;
    model.sync(true);
    expect(typesSince(node, before)).toEqual(['SYNC_ROOT']);
    const cursor = model.cursor?.length ?? 0;
    expect(cursor).toBeGreaterThan(100);
    expect(bytesSince(node, before) - cursor).toBeLessThan(128);
  });

  it.each(['LWW', 'OR', 'PN'] as const)('[RES-3] any history, any cursor, any size of frame (%s)', (kind) => {
    const write = fc.record({
      at: fc.nat(25),
      how: fc.constantFrom('put', 'put', 'remove', 'flush', 'restart', 'resume', 'repeat'),
    });
    fc.assert(
      fc.property(
        fc.array(write, { minLength: 10, maxLength: 120 }),
        fc.constantFrom(400, 100_000),
        (steps, frameBytes) => {
          const node = new TestNode({ limits: { frameBytes } });
          let ann = node.device('ann');
          const tags = new Map<string, string[]>();
          let model = new ModelScope(ann, 'm', kind);
          ann.put('n', 'k', 0);
          node.settle();
          model.sync();
          ann.put('n', 'k', 1);
          node.settle();
          const old: Uint8Array[] = [];
          steps.forEach(({ at, how }, i) => {
            const key = at % 2 === 0 ? `{hot}${at}` : `k${at}`;
            if (how === 'flush') node.settle();
            else if (how === 'restart') {
              node.settle();
              node.restart();
              const { rows, cursor } = model;
              ann = node.device('ann', { clientId: ann.clientId, session: `s${i}`.padEnd(11, '_') });
              model = new ModelScope(ann, 'm', kind);
              for (const [item, row] of rows) model.rows.set(item, row);
              model.cursor = cursor;
            } else if (how === 'resume' || how === 'repeat') {
              node.settle();
              if (model.cursor) old.push(model.cursor);
              // Also one from long ago: base is younger than it then.
              if (how === 'repeat') model.cursor = old[at % Math.max(1, old.length)];
              const trips = model.trips;
              model.sync(true);
              expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
              if (i > 0) expect(model.trips).toBe(trips);
            } else if (kind === 'LWW') {
              if (how === 'put') ann.put('m', key, { i });
              else ann.remove('m', key);
            } else if (kind === 'OR') {
              if (how === 'put') tags.set(key, [...(tags.get(key) ?? []), ann.add('m', key, i)]);
              else if (tags.get(key)?.length) ann.removeTags('m', key, tags.get(key)?.splice(0, 1) ?? []);
            } else ann.increment('m', key, i + 1);
          });
        },
      ),
      { numRuns: 60 },
    );
  });

  it('[RES-3] what does not fit into a frame comes in steps, each of which can be gone on from; transactions stay whole', () => {
    const { node, ann, model } = filled(20, { limits: { frameBytes: 3_000, flushOps: 1_000 } });
    for (let i = 0; i < 100; i++) ann.put('m', `k${i}`, 'x'.repeat(50));
    ann.transaction(
      ['m'],
      Array.from({ length: 30 }, (_, i) => [OP.PUT, 0, `{t}${i}`, null, 'y'.repeat(50)] as const),
    );
    node.settle();
    const before = node.sent.length;
    model.sync(true);
    const sent = node.sent.slice(before).map(({ message }) => message);
    const deltas = sent.flatMap((message) => (message.type === 'SYNC_DELTA' ? [message] : []));
    expect(sent.filter(({ type }) => type === 'CURSOR').length).toBe(deltas.length - 1);
    expect(deltas.length).toBeGreaterThan(5);
    const whole = deltas.map(({ rows }) => rows.filter(([, key]) => key.startsWith('{t}')).length);
    expect(whole.filter((count) => count > 0)).toEqual([30]);
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
    expect(model.delta).toBe(130);
  });

  it('[RES-3] holds over a restart of the node', () => {
    const { node, ann, model } = filled(100);
    ann.put('m', 'k1', 'changed');
    node.settle();
    node.restart();
    const again = new ModelScope(node.device('ann'), 'm');
    for (const [item, row] of model.rows) again.rows.set(item, row);
    again.cursor = model.cursor;
    again.sync(true);
    expect([again.delta, again.trips]).toEqual([1, 0]);
  });

  it.each([
    ['forged', (good: Uint8Array) => good.with(-1, (good.at(-1) ?? 0) ^ 1)],
    ['altered', (good: Uint8Array) => good.with(12, (good.at(12) ?? 0) ^ 1)],
    ['cut short', (good: Uint8Array) => good.subarray(1)],
    ['empty', () => new Uint8Array(16)],
    [
      'of another map',
      (_: Uint8Array, mint: (map: string, life: string) => Uint8Array) => mint('n', 'life-1'),
    ],
    [
      'of another life',
      (_: Uint8Array, mint: (map: string, life: string) => Uint8Array) => mint('m', 'life-2'),
    ],
  ])('[RES-3] a cursor that is %s is walked past, not followed', (_, spoil) => {
    const { node, ann, model } = filled(50);
    const key = node.boot().meta.get('cursorKey') as Uint8Array;
    const at = model.cursor?.subarray(0, -LIMITS.proofBytes) ?? new Uint8Array();
    const mint = (map: string, life: string): Uint8Array => {
      const named = new RecordTable(node.boot(), tableParts(node.now)).obtain(map);
      const made = new Cursors(cursorMac, { incarnation: life }, new Map([['cursorKey', key]])).mint(
        named,
        at,
      );
      return Uint8Array.of(...at, ...(made?.proof ?? []));
    };
    expect(mint('m', 'life-1')).toEqual(model.cursor);
    ann.put('m', 'k1', 'changed');
    node.settle();
    model.cursor = spoil(model.cursor ?? new Uint8Array(), mint);
    model.trips = 0;
    model.sync(true);
    expect([model.delta, model.trips > 0]).toEqual([0, true]);
    expect(node.rollbacks).toEqual([]);
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
  });

  it('[RES-3] a view of a part of the map neither gives nor takes cursors', () => {
    const { node, ann, model } = filled(20, { policies: [ALL, SOME] });
    const ben = new ModelScope(node.device('ben', { roles: ['part'] }), 'm');
    ben.sync();
    expect(ben.cursor).toBeUndefined();
    ann.put('m', 'k1', 'not to be seen by ben');
    node.settle();
    ben.cursor = model.cursor;
    ben.sync(true);
    expect([ben.delta, ben.rows.has('k1')]).toEqual([0, false]);
  });

  it('[GC-1] a cursor older than a purge cannot be resumed from', () => {
    const partitions = new Map([[7, { epoch: 5, n: 9 }]]);
    const meta = new Map();
    const table = new RecordTable({ incarnation: 'life-1', partitions, meta, gc: new Map() }, tableParts(6));
    const cursors = new Cursors(cursorMac, { incarnation: 'life-1' }, meta);
    const resume = new Resume(cursors, 1_000, { begin: () => undefined });
    const startAt = (n: number): unknown => {
      const at = packPositions([[7, 5, n]]);
      const made = cursors.mint(table.obtain('m'), at);
      const start = resume.startOf(table.obtain('m'), Uint8Array.of(...at, ...(made?.proof ?? [])));
      return start?.[7 as never];
    };
    expect(startAt(3)).toEqual({ epoch: 5, n: 3 });
    table.durable.partition(7).gc = { floor: { t: 1, node: 'a' }, offset: { epoch: 5, n: 4 } };
    expect(startAt(3)).toBeUndefined();
    expect(startAt(4)).toEqual({ epoch: 5, n: 4 });
    table.durable.partition(8).gc = { floor: { t: 1, node: 'a' }, offset: { epoch: 1, n: 1 } };
    expect(startAt(4)).toBeUndefined();
  });

  it('[INC-2] a proven position beyond the last one is told to the shell, and walked past', () => {
    const { node, ann, model } = filled(20);
    const old = node.copyOfStore();
    ann.put('m', 'k1', 'lost with the rollback');
    node.settle();
    model.sync(true);
    node.restart(old);
    const again = new ModelScope(node.device('ann'), 'm');
    for (const [item, row] of model.rows) again.rows.set(item, row);
    again.cursor = model.cursor;
    again.sync(true);
    expect(node.rollbacks).toMatchObject([{ map: 'm', pid: partitionOf('k1') }]);
    expect(again.values()).toMatchObject({ k1: { i: 1 } });
  });
});

describe('fresh cursors', () => {
  it('[RES-3] are told after many changes, once for all who follow the map', () => {
    const { node, ann, model } = filled(5, { limits: { cursorEveryChanges: 10 } });
    const ben = new ModelScope(node.device('ben'), 'm');
    ben.sync();
    const before = node.sent.length;
    for (let i = 0; i < 10; i++) {
      ann.put('m', `k${i}`, 'changed');
      node.settle();
    }
    const told = node.sent.slice(before).filter(({ message }) => message.type === 'CURSOR');
    expect(told).toHaveLength(2);
    expect(told.every(({ isShared }) => isShared)).toBe(true);
    model.follow();
    const cursor = ann.last('CURSOR');
    expect(unpackPositions(cursor?.at ?? new Uint8Array())).toEqual(
      [...model.to].map(([pid, [epoch, n]]) => [pid, epoch, n]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0)),
    );
    model.cursor = cursor && Uint8Array.of(...cursor.at, ...cursor.proof);
    model.sync(true);
    expect(model.delta).toBe(0);
  });

  it('[RES-3] are told a while after few changes, and not when nothing changed', () => {
    const { node, ann } = filled(5);
    const pass = (ms: number): void => {
      for (let passed = 0; passed < ms; passed += LIMITS.heartbeatMs) {
        ann.send({ type: 'PING', id: passed });
        node.pass(LIMITS.heartbeatMs);
      }
    };
    pass(LIMITS.cursorEveryMs);
    const count = ann.all('CURSOR').length;
    pass(3 * LIMITS.cursorEveryMs);
    expect(ann.all('CURSOR')).toHaveLength(count);
    ann.put('m', 'k1', 'changed');
    node.settle();
    expect(ann.all('CURSOR')).toHaveLength(count);
    pass(LIMITS.heartbeatMs);
    expect(ann.all('CURSOR')).toHaveLength(count + 1);
    for (let i = 0; i < 5; i++) {
      ann.put('m', 'k1', i);
      node.settle();
      pass(LIMITS.heartbeatMs);
    }
    expect(ann.all('CURSOR')).toHaveLength(count + 1);
  });
});

describe('repair without history', () => {
  it('[RES-5] 100 changed of 20,000: at most 3 round trips, at most 5 times the bytes of the records', () => {
    const node = new TestNode();
    const ann = node.device('ann');
    const record = (i: number, salt: number) => ({
      title: `task number ${i + salt} of the day`,
      owner: `user-${(i + salt) % 500}`,
      priority: (i + salt) % 10,
      done: (i + salt) % 3 === 0,
      updatedAt: 1_700_000_000_000 + i * 37 + salt,
    });
    for (let i = 0; i < 20_000; i++) {
      ann.put('m', `k${String(hashString(String(i)) % 10 ** 10)}`, record(i, 0));
      if (i % 1_000 !== 999) continue;
      node.settle();
      ann.settledBelow = ann.seq + 1;
    }
    const model = new ModelScope(ann, 'm');
    model.sync();
    let plain = 0;
    for (let i = 0; i < 100; i++) {
      const value = record(i * 200, 1);
      plain += encode({ type: 'TOPIC_PUB', topic: '', data: value }).length - 3;
      ann.put('m', `k${String(hashString(String(i * 200)) % 10 ** 10)}`, value);
    }
    node.settle();
    model.trips = 0;
    model.fetched = 0;
    const before = node.sent.length;
    model.sync();
    // The third one is SYNC_INIT.
    expect(model.trips).toBe(2);
    expect(model.fetched).toBe(100);
    expect(bytesSince(node, before) + model.sentBytes).toBeLessThan(5 * plain);
    expect(model.tree().rootHash()).toBe(node.engine.rootOf('m'));
  });

  it('[RES-3] places of a node with many boots are told as they are chained', () => {
    const node = new TestNode();
    for (let boot = 0; boot < 40; boot++) {
      const ann = node.device('ann');
      for (let i = 0; i < 3; i++) ann.put('m', `k${boot * 3 + i}`, i);
      node.settle();
      node.restart();
    }
    const [ann, ben] = [node.device('ann'), node.device('ben')];
    const model = new ModelScope(ben, 'm');
    model.sync();
    for (let i = 0; i < 120; i++) ann.put('m', `k${i}`, 'again');
    node.settle();
    model.follow();
    expect(model.rows.size).toBe(120);
    expect(packPositions([...model.to].map(([pid, [epoch, n]]) => [pid, epoch, n])).length).toBeLessThan(
      1_384,
    );
  });
});
