import { Buffer } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { serialize } from '../serializer.js';
import { prescan } from './prescan.js';

const fault = (hex: string, profile: 'preauth' | 'client' | 'server' = 'client') =>
  prescan(Buffer.from(hex.replaceAll(' ', ''), 'hex'), profile);

describe('prescan', () => {
  it.each([
    ['TRUNCATED', '', 0],
    ['TRUNCATED', 'cb 00', 0],
    ['LENGTH_BEYOND_FRAME', '92 01', 0],
    ['LENGTH_BEYOND_FRAME', 'dd ff ff ff ff', 0],
    ['LENGTH_BEYOND_FRAME', 'df ff ff ff ff 00', 0],
    ['LENGTH_BEYOND_FRAME', 'db ff ff ff ff 61', 0],
    ['LENGTH_BEYOND_FRAME', 'c6 ff ff ff ff 61', 0],
    ['LENGTH_BEYOND_FRAME', 'a5 61', 0],
    ['TRAILING_BYTES', '01 01', 1],
    ['TOKEN_NOT_ADMITTED', 'c1', 0],
    ['EXTENSION_NOT_ADMITTED', 'd4 72 40', 0],
    ['EXTENSION_NOT_ADMITTED', 'd4 00 00', 0],
    ['EXTENSION_NOT_ADMITTED', 'd6 42 00 00 00 00', 0],
    ['EXTENSION_NOT_ADMITTED', `c7 0b ff ${'00'.repeat(12)}`, 0],
    ['EXTENSION_NOT_ADMITTED', `c7 0c 74 ${'00'.repeat(12)}`, 0],
    ['EXTENSION_NOT_ADMITTED', 'c9 00 00 00 01 42 00', 0],
    ['TIMESTAMP_INVALID', 'd7 ff ff ff ff ff 00 00 00 00', 0],
    ['TIMESTAMP_INVALID', 'd7 ff 00 00 00 04 00 00 00 00', 0],
    ['TIMESTAMP_INVALID', 'c7 0c ff 00 00 00 00 7f ff ff ff ff ff ff ff', 0],
    ['NUMBER_NOT_ADMITTED', 'cb 7f f8 00 00 00 00 00 00', 0],
    ['NUMBER_NOT_ADMITTED', 'cb ff f0 00 00 00 00 00 00', 0],
    ['NUMBER_NOT_ADMITTED', 'cb 80 00 00 00 00 00 00 00', 0],
    ['NUMBER_NOT_ADMITTED', 'ca 7f 80 00 00', 0],
    ['NUMBER_NOT_ADMITTED', 'ca 80 00 00 00', 0],
    ['UTF8_INVALID', 'a1 80', 1],
    ['UTF8_INVALID', 'a2 c0 80', 1],
    ['UTF8_INVALID', 'a3 ed a0 80', 1],
    ['UTF8_INVALID', 'a4 f4 90 80 80', 1],
    ['UTF8_INVALID', 'a2 61 e2', 2],
    ['KEY_NOT_STRING', '81 01 01', 1],
    ['KEY_NOT_STRING', '81 90 01', 1],
    ['KEY_NOT_STRING', '81 c0 01', 1],
    ['KEY_DUPLICATE', '82 a1 61 01 a1 61 02', 4],
    ['KEY_FORBIDDEN', '81 a9 5f 5f 70 72 6f 74 6f 5f 5f 01', 1],
  ])('[WIRE-5] refuses with %s: %s', (code, hex, offset) => {
    expect(fault(hex)).toEqual({ fault: code, offset });
  });

  it('[WIRE-5] counts depth, by profile', () => {
    expect(fault(`${'91'.repeat(30)}01`)).toBeUndefined();
    expect(fault(`${'91'.repeat(31)}01`)).toEqual({ fault: 'TOO_DEEP', offset: 30 });
    expect(fault(`${'91'.repeat(32)}01`, 'server')).toBeUndefined();
    expect(fault(`${'91'.repeat(33)}01`, 'server')).toEqual({ fault: 'TOO_DEEP', offset: 32 });
  });

  it('[WIRE-5] counts nodes, by profile', () => {
    expect(prescan(serialize(Array.from({ length: 63 }, () => 1)), 'preauth')).toBeUndefined();
    expect(prescan(serialize(Array.from({ length: 64 }, () => 1)), 'preauth')?.fault).toBe('TOO_MANY_NODES');
    expect(prescan(serialize(Array.from({ length: 49_999 }, () => 1)), 'client')).toBeUndefined();
    expect(prescan(serialize(Array.from({ length: 50_000 }, () => 1)), 'client')?.fault).toBe(
      'TOO_MANY_NODES',
    );
  });

  it('[WIRE-5] bounds the frame, by profile', () => {
    expect(prescan(new Uint8Array(4097), 'preauth')).toEqual({ fault: 'FRAME_TOO_BIG', offset: 4096 });
    expect(prescan(new Uint8Array(262_145), 'client')?.fault).toBe('FRAME_TOO_BIG');
    expect(prescan(new Uint8Array(262_145), 'server')?.fault).toBe('TRAILING_BYTES');
    expect(prescan(new Uint8Array(1_048_577), 'server')?.fault).toBe('FRAME_TOO_BIG');
  });

  it('[WIRE-5] bounds strings and field names', () => {
    expect(prescan(serialize('x'.repeat(262_145)), 'server')?.fault).toBe('STRING_TOO_LONG');
    expect(prescan(serialize(new Uint8Array(262_145)), 'server')?.fault).toBe('STRING_TOO_LONG');
    expect(prescan(serialize({ ['k'.repeat(256)]: 1 }), 'client')).toBeUndefined();
    expect(prescan(serialize({ ['k'.repeat(257)]: 1 }), 'client')?.fault).toBe('KEY_TOO_LONG');
  });

  it('[WIRE-5] finds a duplicate key in a map of any size, and beside nested maps', () => {
    const name = (i: number): string => `field-${String(i).padStart(4, '0')}`;
    for (const size of [2, 15, 16, 17, 18, 300]) {
      const value = Object.fromEntries(
        Array.from({ length: size }, (_, i) => [name(i), { a: { a: i }, b: i }]),
      );
      const frame = serialize(value);
      expect(prescan(frame, 'client')).toBeUndefined();
      frame.set(Buffer.from(name(0)), Buffer.from(frame).lastIndexOf(name(size - 1)));
      expect(prescan(frame, 'client')?.fault).toBe('KEY_DUPLICATE');
    }
  });

  it('[WIRE-5] the worst frames take milliseconds', () => {
    const names = Object.fromEntries(Array.from({ length: 24_000 }, (_, i) => [`${i}`.padStart(7, '0'), 1]));
    const frames = [
      serialize(names),
      serialize(Array.from({ length: 40_000 }, () => 0)),
      serialize('é'.repeat(131_000)),
      serialize(
        Array.from({ length: 1500 }, () =>
          Object.fromEntries(Array.from({ length: 16 }, (_, k) => [`kkkk${k}`, 0])),
        ),
      ),
    ];
    for (const frame of frames) {
      prescan(frame, 'client');
      const before = process.cpuUsage();
      expect(prescan(frame, 'client')).toBeUndefined();
      const { user, system } = process.cpuUsage(before);
      expect((user + system) / 1000).toBeLessThan(50);
    }
  });
});
