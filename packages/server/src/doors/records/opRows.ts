import { BASE, type Base, OP, type OpRow, type SubRow, valueFromJson } from '@topgun/protocol';
import * as z from 'zod';
import { fromMarks } from './fromMarks.js';
import { malformed } from './refusals.js';

const target = { map: z.string(), key: z.string() };
const base = z.string().optional();
const ttlMs = z.int().positive().optional();

/** The writes of a request. What names, keys and values may be is for the frame that they go into (REC-2). */
const writeSchema = z.discriminatedUnion('op', [
  z.strictObject({ op: z.literal('set'), ...target, value: z.unknown(), ttlMs, base }),
  z.strictObject({ op: z.literal('remove'), ...target, base, tags: z.array(z.string()).optional() }),
  z.strictObject({ op: z.literal('add'), ...target, value: z.unknown(), ttlMs }),
  z.strictObject({ op: z.literal('increment'), ...target, by: z.int() }),
]);

export type WriteRequest = z.output<typeof writeSchema>;

const needsValue = (write: WriteRequest): write is WriteRequest & { readonly op: 'set' | 'add' } =>
  write.op === 'set' || write.op === 'add';

/** Throws 400. */
export function writeIn(json: unknown, at: string): WriteRequest {
  const parsed = writeSchema.safeParse(json);
  const hasValue = parsed.success && (!needsValue(parsed.data) || parsed.data.value !== undefined);
  if (parsed.success && hasValue) return parsed.data;
  const path = parsed.error?.issues[0]?.path.join('.') ?? 'value';
  throw malformed(`${at} is no write${path === '' ? '' : `: it is wrong at ${path}`}.`);
}

/** A version as text: `<packed time>@<node>`. */
export const versionOf = (t: number, node: string): string => `${t}@${node}`;

function baseOf(version: string | undefined): Base {
  if (version === undefined) return null;
  const [, t, node] = /^(\d{1,16})@(.+)$/s.exec(version) ?? [];
  if (t === undefined || node === undefined) throw malformed('base is not the `version` of a record.');
  return [BASE.STAMP, Number(t), node];
}

/** Code, base, payload and time to live of a write. */
function contentOf(write: WriteRequest): readonly [SubRow[0], Base, unknown, number | null] {
  switch (write.op) {
    case 'set':
      return [OP.PUT, baseOf(write.base), fromMarks(write.value, valueFromJson), write.ttlMs ?? null];
    case 'add':
      return [OP.OR_ADD, null, fromMarks(write.value, valueFromJson), write.ttlMs ?? null];
    case 'increment':
      return [OP.INCREMENT, null, write.by, null];
    case 'remove':
      return write.tags === undefined
        ? [OP.REMOVE, baseOf(write.base), null, null]
        : [OP.OR_REMOVE, null, write.tags, null];
  }
}

/** The frame's table of maps, and the rows of these writes. */
export interface OpTable {
  readonly maps: readonly string[];
  readonly rows: readonly OpRow[];
}

/** One op for each write, numbered by its place. */
export function opsOf(writes: readonly WriteRequest[], stamp: () => number): OpTable {
  const maps = [...new Set(writes.map(({ map }) => map))];
  const rows = writes.map((write, seq): OpRow => {
    const [code, made, payload, ttl] = contentOf(write);
    return [seq, code, maps.indexOf(write.map), write.key, stamp(), made, payload, ttl];
  });
  return { maps, rows };
}

/** All writes in one op. */
export function transactionOf(writes: readonly WriteRequest[], stamp: () => number): OpTable {
  const maps = [...new Set(writes.map(({ map }) => map))];
  const subRows = writes.map((write): SubRow => {
    const [code, made, payload, ttl] = contentOf(write);
    return [code as SubRow[0], maps.indexOf(write.map), write.key, made, payload, ttl];
  });
  const [, map = 0, key = ''] = subRows[0] ?? [];
  return { maps, rows: [[0, OP.TRANSACTION, map, key, stamp(), null, subRows]] };
}
