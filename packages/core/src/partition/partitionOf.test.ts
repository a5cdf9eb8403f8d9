import { describe, expect, it } from 'vitest';
import { hashString } from '../hash/hashString.js';
import { hashValue } from '../hash/hashValue.js';
import { PARTITION_COUNT, partitionOf, tagOf } from './partitionOf.js';

describe('partitionOf', () => {
  it.each([
    ['plain', 'plain'],
    ['order:{42}:line', '42'],
    ['{}', '{}'],
    ['{}{a}', '{}{a}'],
    ['a{b', 'a{b'],
    ['}a{b}', 'b'],
    ['{{a}}', '{a'],
  ])('[DAT-3] the tag of %j is %j', (key, tag) => {
    expect(tagOf(key)).toBe(tag);
    expect(partitionOf(key)).toBe(partitionOf(tag === key ? key : `other{${tag}}`));
    expect(partitionOf(key)).toBe(hashString(tag) % PARTITION_COUNT);
  });

  it('[DAT-3] hashes and partitions are fixed for good', () => {
    expect(
      ['', 'a', 'todo-1', 'ключ', '😀'].map((key) => [hashString(key), partitionOf(key)]),
    ).toMatchSnapshot();
    const values = [
      0,
      1,
      -1.5,
      1n,
      '',
      true,
      false,
      new Date(0),
      new Uint8Array([1]),
      [],
      [1, [2]],
      {},
      { a: null, b: 2 },
    ];
    expect(values.map(hashValue)).toMatchSnapshot();
  });

  it('[DAT-3] spreads similar keys evenly', () => {
    const counts = new Array<number>(PARTITION_COUNT).fill(0);
    for (let i = 0; i < PARTITION_COUNT * 100; i++) {
      const pid = partitionOf(`todo-${i}`);
      counts[pid] = (counts[pid] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(60);
    expect(Math.max(...counts)).toBeLessThan(145);
  });

  it('[DAT-5] 200,000 similar strings and small values have distinct hashes', () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 100_000; i++)
      hashes.add(hashString(`k${i}`)).add(hashValue({ a: i % 300, b: Math.floor(i / 300) }));
    expect(hashes.size).toBe(200_000);
  });

  it('[DAT-5] small numbers, bigints, dates and texts have distinct hashes, bare and in a field', () => {
    const hashes = new Set<number>();
    for (let i = 0; i < 50_000; i++) {
      for (const value of [i, BigInt(i), new Date(i), String(i)])
        hashes.add(hashValue(value)).add(hashValue({ a: value }));
    }
    expect(hashes.size).toBe(400_000);
  });
});
