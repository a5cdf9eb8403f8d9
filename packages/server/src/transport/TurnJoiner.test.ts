import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { frameBytes } from './frameBytes.js';
import { TurnJoiner } from './TurnJoiner.js';

const frames = (...sizes: number[]): Buffer[] => sizes.map((size, at) => frameBytes(Buffer.alloc(size, at)));
const bytesOf = (pieces: readonly Buffer[]): Buffer => Buffer.concat(pieces);
const HEADER_16 = 4;

describe('the frames of a turn', () => {
  it('are one message, and one buffer where they are small', () => {
    const [written, ...rest] = new TurnJoiner().join(frames(100, 100));
    expect(rest).toEqual([]);
    expect(written?.readUInt16BE(2)).toBe(200);
    expect(written?.subarray(HEADER_16)).toEqual(Buffer.concat([Buffer.alloc(100, 0), Buffer.alloc(100, 1)]));
  });

  it('are joined once for all who are sent the same, and anew for everybody else', () => {
    const joiner = new TurnJoiner();
    const [a, b, c] = frames(100, 100, 100) as [Buffer, Buffer, Buffer];
    const first = joiner.join([a, b]);
    expect(joiner.join([a, b])).toBe(first);
    const others = [[a, c], [b, a], [a, b, c], [b]];
    for (const other of others)
      expect(bytesOf(joiner.join(other))).toEqual(bytesOf(new TurnJoiner().join(other)));
    expect(joiner.join([a, b])).not.toBe(first);
  });

  it('are several messages where one would be too large', () => {
    const half = Math.ceil(LIMITS.turnBytes / 2);
    const pieces = new TurnJoiner().join(frames(half, half, half));
    expect(pieces.map(({ length }) => length)).toEqual([10, half, 10, half, 10, half]);
  });

  it('are held by nobody once they are written', () => {
    const joiner = new TurnJoiner();
    const [a, b] = frames(100, 100) as [Buffer, Buffer];
    const first = joiner.join([a, b]);
    joiner.release();
    expect(joiner.join([a, b])).not.toBe(first);
  });
});
