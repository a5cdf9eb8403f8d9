/** Checks of single fields, shared by the guards. Each costs some nanoseconds and allocates nothing. */
import { LIMITS } from '../limits.js';
import { PARTITION_COUNT } from '../messages/constants.js';
import { utf8Length } from './utf8.js';

export type Check = (value: unknown) => boolean;

/** A whole number that a float64 holds exactly, not below 0. */
export const isUint = (value: unknown): value is number =>
  Number.isSafeInteger(value) && (value as number) >= 0;
export const isPid = (value: unknown): value is number => isUint(value) && value < PARTITION_COUNT;

/** Characters are Unicode code points, as in the schemas; one is at most two units, so counting is rare. */
export const charsWithin = (text: string, max: number): boolean =>
  text.length <= max || (text.length <= 2 * max && [...text].length <= max);
export const isText = (value: unknown, max: number): value is string =>
  typeof value === 'string' && value.length > 0 && charsWithin(value, max);

const mapName = new RegExp(`^[A-Za-z0-9_.:/-]{1,${LIMITS.mapNameChars}}$`);
const session = /^[A-Za-z0-9_-]{11}$/;
const clientId = /^[A-Za-z0-9_-]{22}$/;
const merklePath = new RegExp(`^[0-9a-f]{0,${LIMITS.merklePathChars}}$`);
export const isMapName: Check = (value) => typeof value === 'string' && mapName.test(value);
export const isSession: Check = (value) => typeof value === 'string' && session.test(value);
export const isClientId: Check = (value) => typeof value === 'string' && clientId.test(value);
export const isMerklePath: Check = (value) => typeof value === 'string' && merklePath.test(value);

const bytesWithin = (text: string, max: number): boolean =>
  text.length * 3 <= max || (text.length <= max && utf8Length(text) <= max);
export const isKey = (value: unknown): value is string =>
  typeof value === 'string' && value.length > 0 && bytesWithin(value, LIMITS.keyBytes);
export const isItemKey: Check = (value) =>
  typeof value === 'string' && value.length > 0 && bytesWithin(value, LIMITS.itemKeyBytes);

export const isTag: Check = (value) => isText(value, LIMITS.tagChars);
export const isNodeId: Check = (value) => isText(value, LIMITS.nodeIdChars);
export const isTopic: Check = (value) => isText(value, LIMITS.topicChars);
export const isQueryId: Check = (value) => isText(value, LIMITS.queryIdChars);
export const isIncarnation: Check = (value) => isText(value, LIMITS.incarnationChars);
export const isTtl: Check = (value) => isUint(value) && value > 0 && value <= LIMITS.ttlMs;
export const isAbsent = (value: unknown): value is null | undefined => value === null || value === undefined;

/** An array of at most `max` elements that all pass. */
export function isList(value: unknown, max: number, check: Check): boolean {
  if (!Array.isArray(value) || value.length > max) return false;
  for (let i = 0; i < value.length; i++) if (!check(value[i])) return false;
  return true;
}

/** An array whose length lies in [min, max]. */
export const isRow = (value: unknown, min: number, max: number): value is readonly unknown[] =>
  Array.isArray(value) && value.length >= min && value.length <= max;
