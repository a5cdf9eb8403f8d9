import { packTime } from '@topgun/core';
import { CONCERN, OP } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around } from '../Family.js';
import { anyValue, packed } from './bytes.js';

export type Row = readonly unknown[];

interface Parts {
  readonly maps?: readonly unknown[];
  readonly concern?: number;
  readonly session?: string;
  readonly incarnation?: string;
  readonly settledBelow?: number;
}

/** An OPS frame. */
export function ops(around: Around, rows: readonly Row[], parts: Parts = {}): Buffer {
  const {
    maps = ['open:a'],
    concern = CONCERN.PERSISTED,
    session = around.session,
    incarnation = around.incarnation,
    settledBelow = around.settledBelow,
  } = parts;
  return packed([5, session, settledBelow, incarnation, concern, maps, rows]);
}

const tOf = ({ nowMs }: Around): number => packTime(nowMs, 0);

/** An op of the lowest form; `rest` are its last elements. */
export function row(around: Around, op: number, key: unknown, payload: unknown, rest: Row = []): Row {
  return [around.nextSeq(), op, 0, key, tOf(around), null, payload, ...rest];
}

export const key = (rng: Rng): string => `k${rng.int(0, 20)}`;
export const put = (around: Around, rng: Rng): Row => row(around, OP.PUT, key(rng), anyValue(rng, 2) ?? 0);
