/** Checks of single fields and the ways to put them together, shared by the guards of both directions. */
import { utf8Length } from '@topgun/core';
import * as LIMITS from '../limits.js';
import { PARTITION_COUNT } from '../messages/constants.js';
import type { Candidate } from './fields.js';
import { HASH_BYTES } from './hashes.js';

/** Whether a field is what it should be. `message` is for fields that lean on others: a table, a count. */
export type Check = (value: unknown, message: Candidate) => boolean;

// --- numbers ---

/** A whole number that a float64 holds exactly, not below 0. */
export const isUint = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
export const isPid = (value: unknown): value is number => isUint(value) && value < PARTITION_COUNT;
export const isTtl = (value: unknown): boolean => isUint(value) && value > 0 && value <= LIMITS.ttlMs;
/** A whole number within [min, max]. */
export const within =
  (min: number, max: number) =>
  (value: unknown): value is number =>
    isUint(value) && value >= min && value <= max;

// --- texts ---

/** Characters are Unicode code points, as in the schemas; one is at most two units, so counting is rare. */
export const charsWithin = (text: string, max: number): boolean =>
  text.length <= max || (text.length <= 2 * max && [...text].length <= max);
/** A text of 1 to `max` characters. */
export const text =
  (max: number) =>
  (value: unknown): value is string =>
    typeof value === 'string' && value.length > 0 && charsWithin(value, max);
const textLike =
  (pattern: RegExp) =>
  (value: unknown): value is string =>
    typeof value === 'string' && pattern.test(value);
/** A text of 1 to `max` bytes of UTF-8. */
const bytes =
  (max: number) =>
  (value: unknown): value is string =>
    typeof value === 'string' &&
    value.length > 0 &&
    (value.length * 3 <= max || (value.length <= max && utf8Length(value) <= max));

export const isMapName = textLike(new RegExp(`^[A-Za-z0-9_.:/-]{1,${LIMITS.mapNameChars}}$`));
export const isSession = textLike(/^[A-Za-z0-9_-]{11}$/);
export const isClientId = textLike(/^[A-Za-z0-9_-]{22}$/);
export const isMerklePath = textLike(new RegExp(`^[0-9a-f]{0,${LIMITS.merklePathChars}}$`));
export const isKey = bytes(LIMITS.keyBytes);
export const isTag = text(LIMITS.tagChars);
export const isNodeId = text(LIMITS.nodeIdChars);
export const isTopic = text(LIMITS.topicChars);
export const isMessageId = textLike(new RegExp(`^[A-Za-z0-9_-]{1,${LIMITS.messageIdChars}}$`));
/** '' is that of topics without a log. */
export const isTopicEpoch = (value: unknown): value is string =>
  typeof value === 'string' && charsWithin(value, LIMITS.topicEpochChars);
export const isQueryId = text(LIMITS.queryIdChars);
export const isIncarnation = text(LIMITS.incarnationChars);
export const isUserId = text(LIMITS.userIdChars);

/** Bytes, from `min` to `max` of them. */
export const binary =
  (min: number, max: number) =>
  (value: unknown): value is Uint8Array =>
    value instanceof Uint8Array && value.length >= min && value.length <= max;
/** Exactly `count` hashes, or up to that many. */
export const hashes =
  (count: number, min = count) =>
  (value: unknown): value is Uint8Array =>
    binary(min * HASH_BYTES, count * HASH_BYTES)(value) && value.length % HASH_BYTES === 0;

// --- tuples and lists ---

export const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;
export const anything: Check = () => true;

/** An array whose length lies in [min, max]. */
export const isRow = (value: unknown, min: number, max: number): value is readonly unknown[] =>
  Array.isArray(value) && value.length >= min && value.length <= max;

/** An array of at most `max` elements that all pass. */
export const list =
  (max: number, check: Check): Check =>
  (value, message) =>
    isRow(value, 0, max) && value.every((item) => check(item, message));

/** An array with one element for each check. */
export const tuple =
  (...checks: readonly Check[]): Check =>
  (value, message) =>
    isRow(value, checks.length, checks.length) && checks.every((check, i) => check(value[i], message));

/** `[pid, epoch, n]` */
export const isPosition = tuple(isPid, isUint, isUint);
