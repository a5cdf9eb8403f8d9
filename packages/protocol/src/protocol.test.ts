import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod/mini';
import * as LIMITS from './allLimits.js';
import * as CLOSE_CODE from './closeCodes.js';
import { closeCodes, ERROR_CODES, isErrorCode, protocolErrors } from './errors.js';
import type { ClientMessage, Message, ServerMessage } from './messages/types.js';
import type { clientMessageSchema, serverMessageSchema } from './schemas.js';
import { messageSchema } from './schemas.js';
import { messageFields } from './testing/messageFields.js';
import { negotiate, PROTOCOL_VERSION, SCHEMA_HASH } from './version.js';

type Frozen<T> = T extends Uint8Array | Date
  ? T
  : T extends object
    ? { readonly [K in keyof T]: Frozen<T[K]> }
    : T;

describe('schemas', () => {
  it('[WIRE-3] infer the same types as messages/types.ts', () => {
    expectTypeOf<Frozen<z.infer<typeof messageSchema>>>().toExtend<Frozen<Message>>();
    expectTypeOf<Frozen<Message>>().toExtend<Frozen<z.infer<typeof messageSchema>>>();
    expectTypeOf<Frozen<ClientMessage>>().toExtend<Frozen<z.infer<typeof clientMessageSchema>>>();
    expectTypeOf<Frozen<ServerMessage>>().toExtend<Frozen<z.infer<typeof serverMessageSchema>>>();
  });

  it('[WIRE-10] the wire has not changed without a new version', () => {
    const wire = {
      version: PROTOCOL_VERSION,
      messageFields,
      schema: z.toJSONSchema(messageSchema, { unrepresentable: 'any' }),
    };
    const hash = createHash('sha256').update(canonical(wire)).digest('hex');
    expect(hash, 'The wire changed: raise PROTOCOL_VERSION, then put this hash into SCHEMA_HASH').toBe(
      SCHEMA_HASH,
    );
  });

  it('[WIRE-2] codes of messages are distinct small integers', () => {
    const codes = Object.values(messageFields).map((entry) => entry.code);
    expect(new Set(codes).size).toBe(codes.length);
    expect(codes.every((code) => Number.isInteger(code) && code >= 0 && code < 128)).toBe(true);
  });
});

/** JSON with sorted names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  );
}

describe('negotiate', () => {
  it('[WIRE-10] takes the greatest version both speak', () => {
    expect(negotiate([1, PROTOCOL_VERSION + 1])).toBe(PROTOCOL_VERSION);
    expect(negotiate([1, 9], [2, 4])).toBe(4);
    expect(negotiate([3, 3], [2, 4])).toBe(3);
  });

  it('[WIRE-10] finds none when the ranges do not meet, or are no ranges', () => {
    expect(negotiate([PROTOCOL_VERSION + 1, PROTOCOL_VERSION + 5])).toBeUndefined();
    expect(negotiate([1, 1], [2, 4])).toBeUndefined();
    expect(negotiate([4, 2], [1, 9])).toBeUndefined();
  });
});

describe('errors', () => {
  it('[WIRE-11] every code has a remedy', () => {
    for (const code of ERROR_CODES) expect(protocolErrors[code].remedy.length).toBeGreaterThan(10);
    expect(isErrorCode('LIMIT')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
    expect(isErrorCode(5)).toBe(false);
  });

  it('[WIRE-12] every close code has a meaning', () => {
    const codes = Object.values(CLOSE_CODE).sort();
    expect(Object.keys(closeCodes).map(Number).sort()).toEqual(codes);
  });
});

describe('limits', () => {
  it('[WIRE-7] each is a positive whole number, or a share, with a unit and a reason', () => {
    const source = readdirSync(new URL('.', import.meta.url))
      .filter((file) => /imits\.ts$/.test(file) && file !== 'allLimits.ts')
      .map((file) => readFileSync(new URL(file, import.meta.url), 'utf8'))
      .join('\n');
    const documented = [
      ...source.matchAll(
        /^\/\*\* (?:bytes|chars|count|levels|ms|s|share): .{6,} \*\/\nexport const (\w+) = /gm,
      ),
    ].map(([, name]) => name);
    expect(documented.sort()).toEqual(Object.keys(LIMITS).sort());
    const { outQueuesHeapShare, ...wholes } = LIMITS;
    for (const value of Object.values(wholes)) expect(Number.isSafeInteger(value) && value > 0).toBe(true);
    expect(outQueuesHeapShare > 0 && outQueuesHeapShare < 1).toBe(true);
  });

  it('[WIRE-7] fit into each other', () => {
    expect(LIMITS.depth + 2).toBe(LIMITS.depthFromServer);
    expect(LIMITS.valueDepth).toBeLessThanOrEqual(LIMITS.depth - 5);
    expect(LIMITS.opsBytesPerFrame).toBeLessThan(LIMITS.frameBytes);
    expect(LIMITS.tokenChars + LIMITS.sessionsPerAuth * 12).toBeLessThan(LIMITS.frameBytesPreAuth);
    expect(LIMITS.inFlightOps).toBeLessThan(LIMITS.seqWindow);
  });
});

describe('the specification', () => {
  it('[WIRE-2] lists every message with its code, side and fields', () => {
    const spec = readFileSync(new URL('../../../docs/specs/wire.md', import.meta.url), 'utf8');
    const lines = new Map(
      [...spec.matchAll(/^\| (\d+) \| (\w+) \| (\w+) \| (.*) \|$/gm)].map((m) => [m[2], m]),
    );
    expect([...lines.keys()].sort()).toEqual(Object.keys(messageFields).sort());
    for (const [type, { code, from, required, optional }] of Object.entries(messageFields)) {
      const [, codeText, , fromText, fields = ''] = lines.get(type) ?? [];
      expect([type, codeText, fromText]).toEqual([type, String(code), from]);
      let flat = fields;
      while (/[[{(]/.test(flat)) flat = flat.replaceAll(/\[[^[\]]*\]|\{[^{}]*\}|\([^()]*\)/g, '');
      const shown = flat.split(', ').map((name) => /^\w+\??/.exec(name)?.[0]);
      expect([type, shown]).toEqual([type, [...required, ...optional.map((name) => `${name}?`)]]);
    }
  });
});
