import { describe, expect, it } from 'vitest';
import { FakeClock, frozenHlc } from '../test/arbitraries.js';
import { HLC } from './HLC.js';
import { type ORChange, ORMap } from './ORMap.js';

describe('ORMap', () => {
  it('[DAT-1] keeps all concurrent adds, removes only what was seen, and takes a new add after a remove', () => {
    const a = new ORMap<string>(frozenHlc('a'));
    const b = new ORMap<string>(frozenHlc('b'));
    b.apply('k', a.add('k', 'x'));
    b.add('k', 'x');
    a.remove('k', 'x');
    a.merge(b);
    b.merge(a);
    expect([a.get('k'), b.getValues('k')]).toEqual([['x'], ['x']]);
    expect(a.rootHash()).toBe(b.rootHash());
    a.remove('k', 'x');
    a.add('k', 'x');
    expect(a.get('k')).toEqual(['x']);
  });

  it('[DAT-1] removes by deep equality, whatever the order of fields', () => {
    const map = new ORMap<object>(frozenHlc('n'));
    const { tag } = map.add('k', { a: 1, b: [2] });
    map.add('k', { a: 1, b: [3] });
    expect(map.remove('k', { b: [2], a: 1 })).toEqual([tag]);
    expect(map.remove('k', { b: [2], a: 1 })).toEqual([]);
    expect(map.get('k')).toEqual([{ a: 1, b: [3] }]);
  });

  it('[DAT-1] a removal that comes before its add holds', () => {
    const map = new ORMap<number>(frozenHlc('n'));
    expect(map.applyTombstone('k', 't')).toBe(true);
    expect(map.applyTombstone('k', 't')).toBe(false);
    expect(
      map.apply('k', { value: 1, tag: 't', timestamp: { millis: 9_000, counter: 0, nodeId: 'm' } }),
    ).toBe(false);
    expect([map.get('k'), map.isTombstoned('t'), map.getTombstones(), map.size]).toEqual([
      [],
      true,
      ['t'],
      0,
    ]);
  });

  it('tags are stamps as text by default, or what the owner makes; none is used twice', () => {
    expect(new ORMap<number>(frozenHlc('n')).add('k', 1).tag).toBe('1000:0:n');
    const map = new ORMap<number>(frozenHlc('n'), { nextTag: () => 'op:1' });
    expect(map.add('k', 1).tag).toBe('op:1');
    expect(() => map.add('k', 2)).toThrow(expect.objectContaining({ code: 'TAG_INVALID' }));
    map.removeTags('k', ['op:1']);
    expect(() => map.add('k', 2)).toThrow(expect.objectContaining({ code: 'TAG_INVALID' }));
    expect(() => map.removeTags('k', [''])).toThrow(expect.objectContaining({ code: 'TAG_INVALID' }));
  });

  it('a tag removed under one key stays removed when another key has it', () => {
    const map = new ORMap<number>(frozenHlc('n'), { nextTag: () => 't' });
    map.removeTags('a', ['t']);
    map.add('b', 1);
    expect([map.isTombstoned('t'), map.get('b')]).toEqual([true, [1]]);
  });

  it('values come in the order of stamps on every replica', () => {
    const map = new ORMap<string>(frozenHlc('n'));
    const stamp = (millis: number, nodeId: string) => ({ millis, counter: 0, nodeId });
    map.apply('k', { value: 'third', tag: '1', timestamp: stamp(2, 'b') });
    map.apply('k', { value: 'second', tag: '2', timestamp: stamp(2, 'B') });
    map.apply('k', { value: 'first', tag: '3', timestamp: stamp(1, 'z') });
    expect(map.get('k')).toEqual(['first', 'second', 'third']);
  });

  it('[CLK-6] time to live hides an element', () => {
    const clock = new FakeClock(1_000);
    const map = new ORMap<number>(new HLC('n', { clock }));
    map.add('k', 1, 100);
    map.add('k', 2);
    expect([map.get('k'), map.totalRecords]).toEqual([[1, 2], 2]);
    clock.nowMs = 1_100;
    expect([map.get('k'), map.totalRecords, map.size]).toEqual([[2], 1, 1]);
  });

  it('tells listeners of adds and of removals, remote ones included', () => {
    const map = new ORMap<string>(frozenHlc('n'));
    const heard: (readonly ORChange<string>[])[] = [];
    map.onChange((changes) => heard.push(changes));
    const record = map.add('k', 'x');
    const result = map.mergeKey('k', [], [record.tag, 'unknown']);
    map.add('m', 'y');
    map.clear();
    expect(result).toEqual({ added: 1, updated: 1 });
    expect(heard.map(([change]) => [change?.key, change?.added.length, change?.removed.length])).toEqual([
      ['k', 1, 0],
      ['k', 0, 1],
      ['m', 1, 0],
      ['m', 0, 1],
    ]);
  });

  it('prune forgets removals learnt of before a stamp', () => {
    const hlc = frozenHlc('n');
    const map = new ORMap<string>(hlc);
    map.applyTombstone('k', 'old');
    const fence = hlc.now();
    map.applyTombstone('k', 'young');
    map.add('k', 'x');
    expect(map.prune(fence)).toEqual(['old']);
    expect([map.getTombstones(), map.get('k')]).toEqual([['young'], ['x']]);
    const fresh = new ORMap<string>(frozenHlc('m'));
    fresh.merge(map);
    expect(fresh.rootHash()).toBe(map.rootHash());
  });

  it('a snapshot is a copy', () => {
    const map = new ORMap<string>(frozenHlc('n'));
    const { tag } = map.add('k', 'x');
    map.applyTombstone('gone', 't');
    const snapshot = map.getSnapshot();
    map.clear();
    expect([...snapshot.items.keys(), ...snapshot.tombstones]).toEqual(['k', 't']);
    expect(snapshot.items.get('k')?.get(tag)?.value).toBe('x');
    expect([map.size, map.allKeys(), map.keys()]).toEqual([0, [], []]);
  });
});
