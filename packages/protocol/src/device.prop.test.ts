import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pack } from './codec/pack.js';
import { prescan } from './codec/prescan.js';
import { unpackFrame } from './codec/unpack.js';
import { decodeTurn, encode } from './device.js';
import type { DeviceMessage } from './messages/types.js';
import * as server from './serializer.js';
import { admittedValue, hostileBytes } from './testing/arbitraries.js';
import { messageFields } from './testing/messageFields.js';
import { sampleEntries } from './testing/samples.js';

const frames = sampleEntries.map(([, message]) => server.encode(message).slice());
const edges = [
  ...[0, 7, 8, 16, 31, 32, 53].flatMap((bits) => [2 ** bits - 1, 2 ** bits, -(2 ** bits) + 1, -(2 ** bits)]),
  ...[-32, -33, -129, -32_769, 1.5, Number.MAX_VALUE, Number.MIN_VALUE],
  ...[0n, -1n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n, -(2n ** 63n)],
  ...[0, 1, 999, -1, 2 ** 32 * 1000 - 1, 2 ** 32 * 1000, 8.64e15, -8.64e15].map((ms) => new Date(ms)),
  ...[0, 15, 16, 31, 32, 255, 256, 65_535, 65_536].flatMap((size) => [
    'x'.repeat(size),
    '\uFEFF'.repeat(size / 3),
    new Uint8Array(size),
    new Array(size).fill(1),
    Object.fromEntries(Array.from({ length: Math.min(size, 300) }, (_, i) => [`f${i}`, i])),
  ]),
].map((value) => (Object.is(value, -0) ? 0 : value));

describe('the codec of devices', () => {
  it('[WIRE-2] writes every message of a client as the codec of servers does, and reads every one of a server', () => {
    for (const [name, message] of sampleEntries) {
      const frame = server.encode(message);
      // What only clients of clusters know has a codec of its own.
      if (message.type === 'CLUSTER_SUB' || message.type === 'CLUSTER_MAP') continue;
      if (messageFields[message.type].from !== 'server') {
        expect([name, encode(message as DeviceMessage)]).toEqual([name, new Uint8Array(frame)]);
      }
      if (messageFields[message.type].from !== 'client') {
        expect([name, decodeTurn(frame)]).toEqual([name, [{ ok: true, message }]]);
      }
    }
  });

  it('[WIRE-9] writes every admitted value as the codec of servers does, and reads it back exactly', () => {
    const holds = (value: unknown): void => {
      const bytes = pack([value]);
      expect(Buffer.compare(bytes, server.serialize([value]))).toBe(0);
      const read = unpackFrame(bytes);
      // toStrictEqual takes a field named `constructor` for the class of the object
      expect(isDeepStrictEqual(read, [value])).toBe(true);
    };
    edges.forEach(holds);
    fc.assert(fc.property(admittedValue, holds), { numRuns: 5000 });
  });

  it('[WIRE-9] what it reads does not change with the frame', () => {
    const frame = pack([new Uint8Array([1, 2, 3])]);
    const read = unpackFrame(frame);
    frame.fill(0);
    expect(read).toEqual([new Uint8Array([1, 2, 3])]);
  });

  it('[WIRE-5] refuses what the pre-scan refuses, and reads the rest as the codec of servers does', () => {
    let admitted = 0;
    fc.assert(
      fc.property(hostileBytes(frames), (bytes) => {
        const read = unpackFrame(bytes);
        const isRefused = prescan(bytes, 'server') !== undefined || decodedBy(bytes).path === 'NOT_A_FRAME@0';
        expect(typeof read === 'number').toBe(isRefused);
        if (isRefused) return;
        admitted++;
        expect(isDeepStrictEqual(read, server.deserialize(bytes))).toBe(true);
      }),
      { numRuns: 40_000, examples: [[Uint8Array.of(0xdc, 0, 0)], [Uint8Array.of(0xdd, 0, 0, 0, 0)]] },
    );
    expect(admitted).toBeGreaterThan(500);
  });

  it('[WIRE-5] holds the limits of a server frame', () => {
    const deep = (levels: number): unknown[] => (levels === 1 ? [1] : [deep(levels - 1)]);
    for (const good of [
      deep(32),
      ['x'.repeat(262_144)],
      [{ ['k'.repeat(256)]: 1 }],
      [new Uint8Array(262_144)],
    ]) {
      expect(unpackFrame(pack(good))).toEqual(good);
    }
    for (const bad of [
      deep(33),
      ['x'.repeat(262_145)],
      [{ ['k'.repeat(257)]: 1 }],
      [new Uint8Array(262_145)],
      Array.from({ length: 5 }, () => 'x'.repeat(220_000)),
    ]) {
      expect(typeof unpackFrame(pack(bad))).toBe('number');
    }
  });

  it('[WIRE-4] names the byte of a fault and never throws', () => {
    expect(decodeTurn(new Uint8Array())).toEqual([{ ok: false, code: 'BAD_FRAME', path: '@0' }]);
    expect(decodeTurn(pack([99]))).toEqual([{ ok: false, code: 'UNKNOWN_TYPE' }]);
    expect(decodeTurn(pack({ type: 'PING' }))).toMatchObject([{ code: 'BAD_FRAME' }]);
  });

  it('[RES-6] reads the frames of one turn in their order, up to the first that is broken', () => {
    const turn = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));
    const pongs = [1, 2, 3].map((id) => ({ type: 'PONG' as const, id }));
    const [one, two, three] = pongs.map((pong) => server.encode(pong).slice()) as [Buffer, Buffer, Buffer];
    expect(decodeTurn(turn(one, two, three))).toEqual(pongs.map((message) => ({ ok: true, message })));
    expect(decodeTurn(turn(one, pack([99]), three))).toMatchObject([
      { ok: true },
      { code: 'UNKNOWN_TYPE' },
      { ok: true },
    ]);
    expect(decodeTurn(turn(one, two.subarray(1), three))).toEqual([
      { ok: true, message: pongs[0] },
      { ok: false, code: 'BAD_FRAME', path: `@${one.length + 1}` },
    ]);
    const large = server.encode({
      type: 'TOPIC_MSG',
      topic: 't',
      data: ['x'.repeat(200_000), 'y'.repeat(200_000)],
      from: 'u',
      ts: 1,
      id: 'm',
    });
    expect(decodeTurn(turn(large, large, large, large)).every(({ ok }) => ok)).toBe(true);
  });
});

function decodedBy(bytes: Uint8Array): { path?: string } {
  const decoded = server.decode(bytes, 'server');
  return decoded.ok || decoded.path === undefined ? {} : { path: decoded.path };
}
