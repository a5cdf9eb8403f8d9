import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Ink } from './Ink.js';
import { sumOf } from './recordRow.js';

describe('sumOf', () => {
  it('[STO-39] is the checksum that stored records have', () => {
    const place = { map: 'todos', t: 3_676_882_110_867_456, epoch: 1_795_350_000_000, n: 12 };
    const parts = { kind: 0, first: 3, gone: false, node: 'node-1', tag: '', key: 'ä', about: null };
    const sum = crc32('todos\0' + '0 3 3676882110867456 false - 1795350000000 12' + 'node-1' + 'ä' + 'body');
    expect(sumOf(new Ink(), place, { ...parts, ttl: null, body: Buffer.from('body') })).toBe(sum);
    const gone = { ...parts, gone: true, ttl: 500, tag: 'a:1', about: Buffer.from('about'), body: null };
    const sumOfGone = crc32('todos\0' + '0 3 3676882110867456 true 500 1795350000000 12' + 'node-1a:1äabout');
    expect(sumOf(new Ink(), place, gone)).toBe(sumOfGone);
  });
});
