import { describe, expect, it } from 'vitest';
import { FakeClock, frozenHlc } from '../test/arbitraries.js';
import { HLC } from './HLC.js';
import { hashValue } from './hash/hashValue.js';
import { type LWWChange, LWWMap, type LWWRecord } from './LWWMap.js';

const at = (millis: number, nodeId = 'm', counter = 0) => ({ millis, counter, nodeId });

describe('LWWMap', () => {
  it('[DAT-1] sets, gets, removes and counts', () => {
    const map = new LWWMap<number>(frozenHlc('n'));
    expect(map.set('a', 0)).toEqual({ value: 0, timestamp: at(1_000, 'n') });
    map.set('__proto__', 2);
    expect([map.get('a'), map.get('__proto__'), map.get('toString'), map.size]).toEqual([0, 2, undefined, 2]);
    expect(map.remove('a')).toEqual({ value: null, timestamp: at(1_000, 'n', 2) });
    expect([map.has('a'), map.size, [...map.keys()], map.allKeys()]).toEqual([
      false,
      1,
      ['__proto__'],
      ['a', '__proto__'],
    ]);
    expect(map.getRecord('a')).toEqual({ value: null, timestamp: at(1_000, 'n', 2) });
    expect(map.getRecord('b')).toBeUndefined();
  });

  it('[CLK-1] on a full tie deletion wins, then the larger hash of the value', () => {
    const [low, high] = [1, 2].sort((a, b) => hashValue(a) - hashValue(b)) as [number, number];
    const map = new LWWMap<number>(frozenHlc('n'));
    const timestamp = at(1_000);
    expect(map.merge('k', { value: low, timestamp })).toBe(true);
    expect(map.merge('k', { value: high, timestamp })).toBe(true);
    expect(map.merge('k', { value: low, timestamp })).toBe(false);
    expect(map.merge('k', { value: null, timestamp })).toBe(true);
    expect(map.merge('k', { value: high, timestamp })).toBe(false);
  });

  it('[CLK-3] a write lies above the version it saw, also one the clock refused to follow', () => {
    const hlc = frozenHlc('n');
    const map = new LWWMap<number>(hlc);
    expect(map.merge('k', { value: 1, timestamp: at(90_000_000) })).toBe(true);
    expect(hlc.now().millis).toBe(1_000);
    expect(map.set('k', 2).timestamp).toEqual(at(90_000_000, 'n', 1));
    expect(map.get('k')).toBe(2);
    expect(map.set('other', 3).timestamp.millis).toBe(1_000);
  });

  it('[CLK-6] time to live hides a record exactly at its end and travels with it', () => {
    const clock = new FakeClock(1_000);
    const map = new LWWMap<number>(new HLC('n', { clock }));
    const record = map.set('k', 1, 500);
    map.set('stays', 2);
    const replica = new LWWMap<number>(new HLC('m', { clock }));
    replica.merge('k', record);
    clock.nowMs = 1_499;
    expect([map.get('k'), replica.get('k'), map.size]).toEqual([1, 1, 2]);
    clock.nowMs = 1_500;
    expect([map.get('k'), replica.get('k'), map.size, replica.has('k')]).toEqual([
      undefined,
      undefined,
      1,
      false,
    ]);
    expect([...map.entries()]).toEqual([['stays', 2]]);
    expect(map.getRecord('k')).toEqual(record);
    map.set('k', 3);
    expect([map.get('k'), map.size]).toEqual([3, 2]);
  });

  it('[DAT-4] refuses what is not admitted and stays as it was', () => {
    const map = new LWWMap<unknown>(frozenHlc('n'));
    const refusal = (code: string) => expect.objectContaining({ code });
    expect(() => map.set('k', null)).toThrow(refusal('VALUE_NOT_ADMITTED'));
    expect(() => map.set('k', undefined)).toThrow(refusal('VALUE_NOT_ADMITTED'));
    expect(() => map.set('', 1)).toThrow(refusal('KEY_INVALID'));
    expect(() => map.set('k'.repeat(513), 1)).toThrow(refusal('KEY_INVALID'));
    expect(() => map.remove('\ud800')).toThrow(refusal('KEY_INVALID'));
    for (const ttl of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => map.set('k', 1, ttl)).toThrow(refusal('TTL_INVALID'));
    }
    const good = ['g', { value: 1, timestamp: at(1_000) }] as const;
    expect(() => map.mergeMany([good, ['k', { value: 1, timestamp: at(-1) }]])).toThrow(
      refusal('TIMESTAMP_FORMAT'),
    );
    expect(map.allKeys()).toEqual([]);
  });

  it('in strict mode a record too far ahead is refused with its whole batch', () => {
    const hlc = new HLC('n', { clock: new FakeClock(1_000), strictMode: true });
    const map = new LWWMap<number>(hlc);
    const batch = [1_500, 90_000_000].map((ms) => [`k${ms}`, { value: 1, timestamp: at(ms) }] as const);
    expect(() => map.mergeMany(batch)).toThrow(expect.objectContaining({ code: 'HLC_DRIFT' }));
    expect([map.allKeys(), hlc.highWater]).toEqual([[], 0]);
  });

  it('keeps a copy of what is set', () => {
    const map = new LWWMap<{ list: number[] }>(frozenHlc('n'));
    const value = { list: [1] };
    map.set('k', value);
    value.list.push(2);
    expect(map.get('k')).toEqual({ list: [1] });
  });

  it('[DAT-5] looks at nothing in a record but value, timestamp and time to live', () => {
    const [map, replica] = [new LWWMap<number>(frozenHlc('n')), new LWWMap<number>(frozenHlc('m'))];
    const record = map.set('k', 1);
    replica.merge('k', Object.assign({ key: 'other', tag: 't' }, record));
    expect(replica.rootHash()).toBe(map.rootHash());
    expect(replica.rowsOf(['k'])).toEqual(map.rowsOf(['k']));
  });

  it('[DAT-5] counts a record that was written again and again between two roots once', () => {
    const [map, replica] = [new LWWMap<number>(frozenHlc('n')), new LWWMap<number>(frozenHlc('m'))];
    for (let i = 0; i < 9; i++) map.set(`k${i}`, i);
    map.rootHash();
    for (let i = 0; i < 3; i++) map.set('k1', i);
    map.remove('k2');
    replica.mergeMany(map.allKeys().map((key) => [key, map.getRecord(key) as LWWRecord<number>]));
    expect(map.rootHash()).toBe(replica.rootHash());
  });

  it('tells listeners once per batch what changed, until they end it', () => {
    const map = new LWWMap<number>(frozenHlc('n'));
    const heard: (readonly LWWChange<number>[])[] = [];
    const end = map.onChange((changes) => heard.push(changes));
    map.set('a', 1);
    map.mergeMany([
      ['a', { value: 2, timestamp: at(2_000) }],
      ['b', { value: 3, timestamp: at(2_000) }],
      ['a', { value: 0, timestamp: at(1) }],
    ]);
    map.remove('a');
    end();
    map.set('c', 4);
    expect(heard).toEqual([
      [{ key: 'a', value: 1, previous: undefined }],
      [
        { key: 'a', value: 2, previous: 1 },
        { key: 'b', value: 3, previous: undefined },
      ],
      [{ key: 'a', value: undefined, previous: 2 }],
    ]);
  });

  it('a listener that throws keeps nobody from hearing', () => {
    const map = new LWWMap<number>(frozenHlc('n'));
    let heard = 0;
    map.onChange(() => {
      throw new Error('mine');
    });
    map.onChange(() => {
      heard++;
    });
    expect(() => map.set('a', 1)).toThrow('mine');
    expect([heard, map.get('a')]).toEqual([1, 1]);
  });

  it('prune forgets old tombstones and nothing else', () => {
    const map = new LWWMap<number>(frozenHlc('n'));
    map.set('live', 1);
    map.remove('old');
    const fence = map.remove('young').timestamp;
    const before = new LWWMap<number>(frozenHlc('m'));
    for (const key of ['live', 'young'])
      before.merge(key, map.getRecord(key) as NonNullable<unknown> as never);
    expect(map.prune(fence)).toEqual(['old']);
    expect(map.rootHash()).toBe(before.rootHash());
  });

  it('[DAT-5] its Merkle tree follows after bulk loads, overwrites and prunes', () => {
    const map = new LWWMap<number>(frozenHlc('n'));
    const copy = new LWWMap<number>(frozenHlc('m'));
    for (let i = 0; i < 6_000; i++) copy.merge(`k${i}`, map.set(`k${i}`, i));
    const tree = map.getMerkleTree();
    expect([tree.size, tree.countUnder('')]).toEqual([6_000, 6_000]);
    expect(map.rootHash()).toBe(copy.rootHash());
    const changed = map.set('k7', -1);
    const [bucket] = Object.entries(tree.getBuckets('')).filter(
      ([digit, hash]) => copy.getMerkleTree().getNode(digit) !== hash,
    );
    expect(tree.getKeysInBucket(bucket?.[0] ?? '')).toContain('k7');
    copy.merge('k7', changed);
    expect(map.rootHash()).toBe(copy.rootHash());
  });
});
