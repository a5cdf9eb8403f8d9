import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explainRefusal } from './explainRefusal.js';
import type { Message } from './messages/types.js';
import { decode, deserialize, encode, fitsProfile, serialize } from './serializer.js';
import { messageFields } from './testing/messageFields.js';
import { sampleEntries, samples } from './testing/samples.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const fromHex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const goldenFile = new URL('../golden/frames.json', import.meta.url);
const profileOf = (message: Message): 'client' | 'server' =>
  messageFields[message.type].from === 'server' ? 'server' : 'client';

describe('golden frames', () => {
  it('[WIRE-2] every message has the bytes that are written down', async () => {
    const frames = Object.fromEntries(sampleEntries.map(([name, message]) => [name, hex(encode(message))]));
    await expect(`${JSON.stringify(frames, null, 2)}\n`).toMatchFileSnapshot(goldenFile.pathname);
  });

  it('[WIRE-2] the written bytes decode to the message', () => {
    const golden = JSON.parse(readFileSync(goldenFile, 'utf8')) as Record<string, string>;
    for (const [name, message] of sampleEntries) {
      expect([name, decode(fromHex(golden[name] as string), profileOf(message))]).toEqual([
        name,
        { ok: true, message },
      ]);
    }
  });

  it('[WIRE-2] there is a sample of every message', () => {
    expect(new Set(sampleEntries.map(([, message]) => message.type))).toEqual(
      new Set(Object.keys(messageFields)),
    );
  });
});

describe('decode', () => {
  const row = (...cells: unknown[]): unknown[] => cells;
  const ops = (rows: unknown[], maps: unknown = ['m']): unknown[] =>
    row(5, 'Q2xpZW50U18', 0, 'i', 4, maps, rows);
  const refusal = (frame: unknown, profile: 'preauth' | 'client' | 'server' = 'client') =>
    decode(serialize(frame), profile, explainRefusal);

  it('[WIRE-5] refuses bytes outside the profile with BAD_FRAME, fault and offset', () => {
    expect(decode(fromHex('9101ff'), 'client')).toEqual({
      ok: false,
      code: 'BAD_FRAME',
      path: 'TRAILING_BYTES@2',
    });
    expect(decode(new Uint8Array(), 'client')).toMatchObject({ code: 'BAD_FRAME', path: 'TRUNCATED@0' });
  });

  it('[WIRE-1] refuses what is no array with BAD_FRAME', () => {
    for (const value of [1, 'OPS', null, {}, [], { type: 'PING', id: 1 }]) {
      expect(refusal(value)).toEqual({ ok: false, code: 'BAD_FRAME', path: 'NOT_A_FRAME@0' });
    }
  });

  it('[WIRE-4] refuses an unknown type, and a type that this side may not send', () => {
    expect(refusal([99, 1])).toEqual({ ok: false, code: 'UNKNOWN_TYPE' });
    expect(refusal(['OPS'])).toEqual({ ok: false, code: 'UNKNOWN_TYPE' });
    expect(decode(encode(samples.SHUTDOWN), 'client')).toEqual({ ok: false, code: 'UNKNOWN_TYPE' });
    expect(decode(encode(samples.OPS), 'server')).toEqual({ ok: false, code: 'UNKNOWN_TYPE' });
  });

  it('[WIRE-6] admits only AUTH before authentication', () => {
    expect(decode(encode(samples.AUTH), 'preauth')).toMatchObject({ ok: true });
    expect(decode(encode(samples.PING), 'preauth')).toEqual({ ok: false, code: 'AUTH_REQUIRED' });
    expect(decode(encode(samples.SYNC_INIT), 'preauth')).toEqual({
      ok: false,
      code: 'AUTH_REQUIRED',
      req: 1,
    });
  });

  it('[WIRE-6] the largest AUTH fits the profile before authentication', () => {
    const sessions = Array.from({ length: 32 }, () => 'Q2xpZW50U18');
    const auth = { ...samples.AUTH, sessions, token: 'x'.repeat(3072) };
    expect(decode(encode(auth), 'preauth')).toMatchObject({ ok: true });
  });

  it('[WIRE-4] names the request of a refused message, and the field', () => {
    expect(refusal([6, 12, 'todos', 'XX', 0])).toEqual({
      ok: false,
      code: 'BAD_MESSAGE',
      path: 'kind',
      req: 12,
    });
    expect(refusal([6, 12, 'todos'])).toEqual({ ok: false, code: 'BAD_MESSAGE', path: 'length', req: 12 });
    expect(refusal([0, 1, 2, 3])).toEqual({ ok: false, code: 'BAD_MESSAGE', path: 'length' });
  });

  it.each([
    ['a key that is empty', row(1, 0, 0, '', 1, null, 1), 'rows.0.3'],
    ['a key above 512 bytes', row(1, 0, 0, 'é'.repeat(257), 1, null, 1), 'rows.0.3'],
    ['a seq below zero', row(-1, 0, 0, 'k', 1, null, 1), 'rows.0.0'],
    ['an unknown op', row(1, 6, 0, 'k', 1, null, 1), 'rows.0.1'],
    ['a map beyond the table', row(1, 0, 1, 'k', 1, null, 1), 'rows'],
    ['a put of nothing', row(1, 0, 0, 'k', 1, null, null), 'rows.0.6'],
    ['a remove with a value', row(1, 1, 0, 'k', 1, null, 1), 'rows.0.6'],
    ['a remove of no tags', row(1, 3, 0, 'k', 1, null, []), 'rows.0.6'],
    ['an increment by zero', row(1, 4, 0, 'k', 1, null, 0), 'rows.0.6'],
    ['a transaction inside a transaction', row(1, 5, 0, 'k', 1, null, [[5, 0, 'k', null, []]]), 'rows.0.6'],
    ['a transaction named after another key', row(1, 5, 0, 'k', 1, null, [[0, 0, 'j', null, 1]]), 'rows.0.6'],
    ['a base of an unknown form', row(1, 0, 0, 'k', 1, [2, 1, 'n'], 1), 'rows.0.5'],
    ['a time to live of zero', row(1, 0, 0, 'k', 1, null, 1, 0), 'rows.0.7'],
    ['a time to live on a remove', row(1, 1, 0, 'k', 1, null, null, 5), 'rows.0.6'],
    ['a row that is too long', row(1, 0, 0, 'k', 1, null, 1, 1, 'n', 1), 'rows.0'],
  ])('[WIRE-8] refuses %s', (_, bad, path) => {
    expect(refusal(ops([bad]))).toEqual({ ok: false, code: 'BAD_MESSAGE', path });
  });

  it('[WIRE-4] explains a frame full of faults without looking at all of them', () => {
    const frame = ops(Array.from({ length: 500 }, () => row(-1, 9, -1, '', -1, 1, null, -1, '')));
    expect(refusal(frame)).toMatchObject({ path: 'rows.0.0' });
    const long = Array.from({ length: 40_000 }, () => 7);
    expect(refusal(ops(long))).toMatchObject({ code: 'BAD_MESSAGE', path: 'rows' });
  });

  it('[WIRE-7] what a client may send at the deepest, every client can read', () => {
    let value: unknown = 1;
    for (let i = 0; i < 27; i++) value = [value];
    const sent = ops([row(1, 0, 0, 'k', 1, null, value)]);
    expect(refusal(sent)).toMatchObject({ ok: true });
    expect(refusal(ops([row(1, 0, 0, 'k', 1, null, [value])]))).toMatchObject({ code: 'BAD_FRAME' });
    const relayed = [34, 'm', ['n'], [[0, 0, 0, 1, 1, [row(0, 'k', 1, 1, 0, value)]]]];
    expect(refusal(relayed, 'server')).toMatchObject({ ok: true });
  });

  it('[WIRE-9] decoded binary is a plain copy', () => {
    const frame = encode({ type: 'TOPIC_PUB', topic: 't', data: new Uint8Array([1, 2, 3]) });
    const decoded = decode(frame, 'client');
    if (!decoded.ok || decoded.message.type !== 'TOPIC_PUB') throw new Error('refused');
    frame.fill(0);
    const data = decoded.message.data as Uint8Array;
    expect(data.constructor).toBe(Uint8Array);
    expect([...data]).toEqual([1, 2, 3]);
  });
});

describe('predicates', () => {
  const sub = (where: unknown) => decode(serialize([10, 'q', 'm', where]), 'client', explainRefusal);
  const deep = (levels: number): unknown =>
    levels === 1 ? { op: 'exists', path: 'a' } : { op: 'not', child: deep(levels - 1) };

  it('[WIRE-8] are refused when they are none, or above the budget', () => {
    const bad = { ok: false, code: 'BAD_MESSAGE', path: 'where' };
    expect(sub({ op: 'eval', path: 'a' })).toEqual(bad);
    expect(sub({ op: 'and', children: {} })).toEqual(bad);
    expect(sub({ op: 'in', path: 'a', values: 5 })).toEqual(bad);
    expect(sub([])).toEqual(bad);
    expect(sub(deep(16))).toMatchObject({ ok: true });
    expect(sub(deep(17))).toEqual(bad);
    const many = (n: number) => ({ op: 'or', children: Array.from({ length: n }, () => deep(1)) });
    expect(sub(many(255))).toMatchObject({ ok: true });
    expect(sub(many(256))).toEqual(bad);
  });

  it('[E3] a fault that lies in no field alone names none: no error has an empty path', () => {
    const frame = [10, 'q', 'm', null, [['a', 'asc']], null, null, { key: 'k', values: [] }];
    expect(decode(serialize(frame), 'client', explainRefusal)).toEqual({ ok: false, code: 'BAD_MESSAGE' });
  });
});

describe('values', () => {
  it('[WIRE-9] deserialize refuses foreign bytes with SERIALIZED_INVALID', () => {
    expect(() => deserialize(fromHex('c1'))).toThrow(expect.objectContaining({ code: 'SERIALIZED_INVALID' }));
  });

  it('[WIRE-9] a chunk of a local store may be larger than a frame', () => {
    const chunk = Array.from({ length: 30_000 }, (_, i) => ['map', `key-${i}`, { title: 'x'.repeat(30) }]);
    expect(deserialize(serialize(chunk))).toEqual(chunk);
  });

  it('[WIRE-7] fitsProfile tells a sender that a frame must be split', () => {
    const data = Array.from({ length: 49_990 }, () => 1);
    expect(fitsProfile(encode({ type: 'TOPIC_PUB', topic: 't', data }), 'client')).toBe(true);
    expect(fitsProfile(encode({ type: 'TOPIC_PUB', topic: 't', data: [...data, ...data] }), 'client')).toBe(
      false,
    );
  });
});
