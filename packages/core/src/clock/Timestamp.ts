import { mapError } from '../errors.js';

/** A hybrid logical time: wall clock in ms since the epoch, a counter from 0 to 2047, and the node that made it. */
export interface Timestamp {
  readonly millis: number;
  readonly counter: number;
  readonly nodeId: string;
}

/** A timestamp with its time packed into one number: `t = millis * 2048 + counter`. */
export interface Stamp {
  readonly t: number;
  readonly node: string;
}

/** Events one node can stamp within a millisecond before it borrows the next one. */
export const COUNTER_SIZE = 2048;

/** The greatest packed time: the last one a JS number holds exactly, in the year 2109. */
export const PACKED_TIME_MAX = Number.MAX_SAFE_INTEGER;

/** Packs a time into a 53-bit integer that orders as the pair does. The parts are trusted; see `stampOf` for a check. */
export function packTime(millis: number, counter: number): number {
  return millis * COUNTER_SIZE + counter;
}

/** The parts of a packed time. */
export function unpackTime(t: number): { millis: number; counter: number } {
  const millis = millisOf(t);
  return { millis, counter: t - millis * COUNTER_SIZE };
}

/** The wall-clock part of a packed time, in ms since the epoch. */
export function millisOf(t: number): number {
  return Math.floor(t / COUNTER_SIZE);
}

/** Whether a value is a packed time: a safe integer of zero or more. */
export function isPackedTime(t: unknown): t is number {
  return Number.isSafeInteger(t) && (t as number) >= 0;
}

/** The packed time itself. Throws `TIMESTAMP_FORMAT` when it is none. */
export function assertPacked(t: number): number {
  if (!isPackedTime(t)) throw mapError('TIMESTAMP_FORMAT', `Invalid packed timestamp: ${t}`);
  return t;
}

/** Whether a value is a string with something in it, as node ids and tags are. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/**
 * Orders two stamps by packed time, then by node id in code units (CLK-1).
 * Negative when the first is older, 0 when they are the same stamp.
 */
export function compareStamps(t1: number, node1: string, t2: number, node2: string): number {
  if (t1 !== t2) return t1 < t2 ? -1 : 1;
  return node1 === node2 ? 0 : node1 < node2 ? -1 : 1;
}

/** The packed form of a timestamp. Throws `TIMESTAMP_FORMAT` when a part is out of range. */
export function stampOf(timestamp: Timestamp): Stamp {
  const { millis, counter, nodeId } = timestamp;
  const t = packTime(millis, counter);
  // A fractional part could survive the multiplication as a whole number, so the way back is checked.
  if (
    !isPackedTime(t) ||
    !isText(nodeId) ||
    millisOf(t) !== millis ||
    t - millis * COUNTER_SIZE !== counter
  ) {
    throw mapError('TIMESTAMP_FORMAT', `Invalid timestamp: ${millis}:${counter}:${nodeId}`);
  }
  return { t, node: nodeId };
}

/** The readable form of a stamp, which is trusted. */
export function timestampOf(t: number, node: string): Timestamp {
  const millis = millisOf(t);
  // The coercion keeps engines from storing it as a boxed float.
  return { millis, counter: (t - millis * COUNTER_SIZE) | 0, nodeId: node };
}
