import { deepEqual } from '@topgun/core';
import { deepMerge } from './deepMerge.js';
import {
  ACCEPT,
  byTime,
  KEEP,
  type MergeContext,
  type Resolution,
  type Resolver,
  reject,
} from './Resolver.js';
import { unite } from './unite.js';

/** Whoever writes to a SERVER_ONLY map signs in with this role: a back end, not a device. */
const SERVER_ROLE = 'SERVER';

const isNumber = (value: unknown): value is number | bigint =>
  typeof value === 'number' || typeof value === 'bigint';

/**
 * A removal is no value that could be compared. It takes away what its writer had seen; a value that came in between
 * stays. Who had seen nothing at all, writing without holding the map, removes what is older.
 */
function removal(context: MergeContext): Resolution {
  return context.isCausal || (context.isBlind && context.isLater) ? ACCEPT : KEEP;
}

/** A resolver of values, beside the rule for removals and for keys where nothing stands. */
function ofValues(
  decide: (existing: unknown, incoming: unknown, context: MergeContext) => Resolution,
): Resolver {
  return (context) => {
    const { existing, incoming } = context;
    if (incoming.value === undefined) return existing === undefined ? ACCEPT : removal(context);
    return decide(existing?.value, incoming.value, context);
  };
}

/** The number that `wins` over the other stays; what is no number is refused, and gives way where it stands. */
function extreme(wins: (a: number | bigint, b: number | bigint) => boolean): Resolver {
  return ofValues((existing, incoming) => {
    if (!isNumber(incoming)) return reject('The value must be a number.');
    return !isNumber(existing) || wins(incoming, existing) ? ACCEPT : KEEP;
  });
}

/** The number in the field `version`; undefined where there is none. */
function versionOf(value: unknown): number | undefined {
  if (typeof value !== 'object' || value === null || !('version' in value)) return undefined;
  return Number.isSafeInteger(value.version) ? (value.version as number) : undefined;
}

/** The built-in resolvers by name. `LWW` is no function: it names what a map without resolver does. */
export const builtIns = {
  LWW: undefined,

  /** The first value stays until it is removed. */
  FIRST_WRITE_WINS: ofValues((existing) => (existing === undefined ? ACCEPT : KEEP)),

  /** The least number ever written stays. */
  NUMERIC_MIN: extreme((a, b) => a < b),

  /** The greatest number ever written stays. */
  NUMERIC_MAX: extreme((a, b) => a > b),

  /** Numbers from 0 on, by last-write-wins. */
  NON_NEGATIVE: ofValues((_, incoming, context) => {
    if (!isNumber(incoming)) return reject('The value must be a number.');
    return incoming < 0 ? reject('The value must not be negative.') : byTime(context);
  }),

  /** Arrays grow together: what stands, then what the write adds, each element once. */
  ARRAY_UNION: ofValues((existing, incoming) => {
    if (!Array.isArray(incoming)) return reject('The value must be an array.');
    return { action: 'merge', value: unite(Array.isArray(existing) ? existing : [], incoming) };
  }),

  /** Objects grow together, level by level; where both have a field that is no object, the later write's stays. */
  DEEP_MERGE: ofValues((existing, incoming, context) => {
    if (existing === undefined) return ACCEPT;
    const [under, over] = context.isLater ? [existing, incoming] : [incoming, existing];
    return { action: 'merge', value: deepMerge(under, over) };
  }),

  /** Only back ends write: principals with the role SERVER. */
  SERVER_ONLY: (context) =>
    context.principal.roles.includes(SERVER_ROLE)
      ? byTime(context)
      : reject('Only the server writes to this map.'),

  /** Only whoever created a record changes or removes it. */
  OWNER_ONLY: (context) =>
    context.existing === undefined || context.existing.owner === context.principal.sub
      ? byTime(context)
      : reject('Only its owner may change this record.'),

  /** What is written stays for ever; the same value again changes nothing. */
  IMMUTABLE: ({ existing, incoming }) => {
    if (existing === undefined) return ACCEPT;
    return deepEqual(existing.value, incoming.value) ? KEEP : reject('This record can no longer be changed.');
  },

  /** Each value carries `version`, one more than the value it replaces; the first has 1. */
  VERSION_INCREMENT: ({ existing, incoming, isCausal }) => {
    const expected = (versionOf(existing?.value) ?? 0) + 1;
    if (incoming.value === undefined)
      return existing === undefined || isCausal
        ? ACCEPT
        : reject('The record has changed since it was read.');
    const version = versionOf(incoming.value);
    return version === expected
      ? ACCEPT
      : reject(`The version must be ${expected}, found ${version ?? 'none'}.`);
  },
} as const satisfies Record<string, Resolver | undefined>;
