/** The pieces the message schemas are made of: names, numbers, rows. */
import { isPlain, type PredicateNode, type RowPosition, utf8Length } from '@topgun/core';
import * as z from 'zod/mini';
import { HASH_BYTES } from './codec/hashes.js';
import { isPredicate } from './codec/predicate.js';
import * as LIMITS from './limits.js';
import { FORM_COUNT, PARTITION_COUNT } from './messages/constants.js';

/** Largest length of the arrays made by `list`, for whoever must look at it before the elements. */
export const listMax = new WeakMap<object, number>();

export function list<T extends z.ZodMiniType>(element: T, max: number, min = 0): z.ZodMiniArray<T> {
  const schema = z.array(element).check(z.minLength(min), z.maxLength(max));
  listMax.set(schema, max);
  return schema;
}

export const text = (max: number) => z.string().check(z.minLength(1), z.maxLength(max));
const utf8 = (maxBytes: number) =>
  z.string().check(
    z.minLength(1),
    z.refine((value) => utf8Length(value) <= maxBytes),
  );
export const maybe = <T extends z.ZodMiniType>(schema: T) => z.exactOptional(schema);
/** An element of a tuple that may be nil, or missing when nothing follows it. */
const trailing = <T extends z.ZodMiniType>(schema: T) => z.exactOptional(z.nullable(schema));

export const uint = z.int().check(z.minimum(0));
export const upTo = (min: number, max: number) => z.int().check(z.minimum(min), z.maximum(max));
export const pid = upTo(0, PARTITION_COUNT - 1);
export const mapName = z.string().check(z.regex(new RegExp(`^[A-Za-z0-9_.:/-]{1,${LIMITS.mapNameChars}}$`)));
export const session = z.string().check(z.regex(/^[A-Za-z0-9_-]{11}$/));
export const clientId = z.string().check(z.regex(/^[A-Za-z0-9_-]{22}$/));
export const merklePath = z.string().check(z.regex(new RegExp(`^[0-9a-f]{0,${LIMITS.merklePathChars}}$`)));
const key = utf8(LIMITS.keyBytes);
const tag = text(LIMITS.tagChars);
export const nodeId = text(LIMITS.nodeIdChars);
export const nodeTable = list(nodeId, LIMITS.nodesPerTable);
export const topic = text(LIMITS.topicChars);
export const messageId = z.string().check(z.regex(new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.messageIdChars}}$`)));
/** '' is that of topics without a log. */
export const topicEpoch = z.string().check(z.maxLength(LIMITS.topicEpochChars));
export const queryId = text(LIMITS.queryIdChars);
export const incarnation = text(LIMITS.incarnationChars);
const ttlMs = upTo(1, LIMITS.ttlMs);
export const kind = z.enum(['LWW', 'OR', 'PN']);
export const predicate = z.custom<PredicateNode>(isPredicate);
/** What it must hold hangs on the sort of its message, which is looked at there. */
export const rowPosition = z.custom<RowPosition>(isPlain);
/** Any admitted value; what is admitted is settled by the pre-scan and by core. */
export const anyValue = z.unknown();
/** What a message of a topic says, and what the event is called. */
export const said = { data: anyValue, name: maybe(text(LIMITS.eventNameChars)) };

const base = z.nullable(
  z.union([z.tuple([z.literal(0), uint, nodeId]), z.tuple([z.literal(1), session, uint])]),
);

const present = (value: unknown): boolean => value !== null && value !== undefined;
const tags = list(tag, LIMITS.tagsPerRemove, 1);
const delta = z.int().check(z.refine((value) => value !== 0));
const totals = z.tuple([uint, uint]);

/** What each op may carry. */
function payloadFits(op: number, payload: unknown, ttl: unknown): boolean {
  if (op === 0 || op === 2) return present(payload);
  if (present(ttl)) return false;
  if (op === 1) return payload === null;
  return op === 3 ? tags.safeParse(payload).success : op === 4 && delta.safeParse(payload).success;
}

const subRow = z
  .tuple([z.literal([0, 1, 2, 3, 4]), uint, key, base, anyValue, trailing(ttlMs)])
  .check(z.refine((row) => payloadFits(row[0], row[4], row[5]), { path: [4], abort: true }));

function isTransaction(mapIdx: number, first: string, payload: unknown, ttl: unknown): boolean {
  if (!Array.isArray(payload) || present(ttl)) return false;
  if (payload.length < 1 || payload.length > LIMITS.writesPerTransaction) return false;
  return (
    payload.every((row) => subRow.safeParse(row).success) &&
    payload[0][1] === mapIdx &&
    payload[0][2] === first
  );
}

export const opRow = z
  .tuple([
    uint,
    z.literal([0, 1, 2, 3, 4, 5]),
    uint,
    key,
    uint,
    base,
    anyValue,
    trailing(ttlMs),
    trailing(nodeId),
  ])
  .check(
    z.refine(
      (row) =>
        row[1] === 5 ? isTransaction(row[2], row[3], row[6], row[7]) : payloadFits(row[1], row[6], row[7]),
      { path: [6], abort: true },
    ),
  );

/** What each form of a change may carry. */
function formFits(form: number, value: unknown, tagText: unknown): boolean {
  const tagged = form === 2 || form === 3;
  if (tagged !== present(tagText)) return false;
  if (form === 4) return totals.safeParse(value).success;
  return present(value) === (form === 0 || form === 2);
}

export const changeRow = z
  .tuple([
    z.literal([0, 1, 2, 3, 4]),
    key,
    uint,
    uint,
    uint,
    maybe(anyValue),
    trailing(ttlMs),
    trailing(tag),
    trailing(uint),
  ])
  .check(z.refine((row) => formFits(row[0], row[5], row[7]), { path: [5], abort: true }));

export const changeRows = list(changeRow, LIMITS.rowsPerReply);

/** Bytes, from `min` to `max` of them. */
export const binary = (min: number, max: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length >= min && value.length <= max);
/** Exactly `count` short hashes, or from `min` to that many. */
export const hashes = (count: number, min = count) =>
  binary(min * HASH_BYTES, count * HASH_BYTES).check(
    z.refine((value) => value instanceof Uint8Array && value.length % HASH_BYTES === 0),
  );
export const places = binary(1, LIMITS.placesBytes);
export const proof = binary(LIMITS.proofBytes, LIMITS.proofBytes);

const bulkRow = z.tuple([
  uint,
  key,
  uint,
  z.int(),
  uint,
  maybe(anyValue),
  trailing(ttlMs),
  trailing(tag),
  trailing(uint),
]);
export const bulkRows = list(bulkRow, LIMITS.rowsPerReply);
const fieldName = z.string().check(z.refine((name) => name !== '__proto__'));
export const bulkTables = {
  epoch: uint,
  t: uint,
  nodes: nodeTable,
  shapes: list(list(fieldName, LIMITS.mapKeyBytes), LIMITS.shapesPerFrame),
};

/** The indexes of bulk rows into the tables of their frame, and the values against their forms and shapes. */
export function bulkRowsFit(
  rows: readonly z.infer<typeof bulkRow>[],
  { nodes, shapes }: { readonly nodes: readonly string[]; readonly shapes: readonly (readonly string[])[] },
): boolean {
  return rows.every((row) => {
    const form = row[0] % FORM_COUNT;
    const shape = shapes[(row[0] - form) / FORM_COUNT - 1];
    const isShaped = shape !== undefined && Array.isArray(row[5]) && row[5].length === shape.length;
    return (row[0] < FORM_COUNT || isShaped) && row[4] < nodes.length && formFits(form, row[5], row[7]);
  });
}

const position = z.tuple([pid, uint, uint]);
export const positions = list(position, PARTITION_COUNT);

/** The indexes of rows into the table of their frame. */
export const rowsFitTable = (
  rows: readonly (readonly unknown[])[],
  at: number,
  table: readonly unknown[],
): boolean => rows.every((row) => (row[at] as number) < table.length);
