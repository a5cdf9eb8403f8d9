import { LIMITS, OP } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Family } from '../Family.js';
import { anyValue } from './bytes.js';
import { key, ops, put, type Row, row } from './opRows.js';
import { said } from './probes.js';

/** Ops that no guard lets through. */
const misfit = (name: string, make: (rng: Rng, around: Around) => Uint8Array): Family =>
  said('operations', name, { rule: 'E3', code: 'BAD_MESSAGE' }, make);

/** One op with something else in one place. */
const spoilt = (name: string, at: number, make: (rng: Rng) => unknown): Family =>
  misfit(name, (rng, around) => {
    const whole = [...put(around, rng), null, null];
    whole[at] = make(rng);
    return ops(around, [whole]);
  });

/** Ops whose parts are of another form than they may be. */
export const misfitFamilies: readonly Family[] = [
  spoilt('seq that is no whole number', 0, (rng) =>
    rng.pick<unknown>([-1, 0.5, 2 ** 53, '1', 5n, null, true]),
  ),
  spoilt('kinds of op that there are not', 1, (rng) =>
    rng.pick<unknown>([6, 7, 255, -1, 0.5, '0', null, 0n]),
  ),
  spoilt('a map beyond the table', 2, (rng) => rng.pick<unknown>([1, 2, 63, 2 ** 32, -1, 0.5, '0', null])),
  spoilt('keys that are no text, or empty', 3, (rng) =>
    rng.pick<unknown>(['', 5, null, ['k'], { k: 1 }, true, 5n]),
  ),
  spoilt('keys that are too long', 3, (rng) =>
    rng.chance(0.5)
      ? 'k'.repeat(LIMITS.keyBytes + rng.int(1, 900))
      : 'é'.repeat(LIMITS.keyBytes / 2 + rng.int(1, 100)),
  ),
  spoilt('stamps that are no whole number', 4, (rng) =>
    rng.pick<unknown>([-1, 0.5, 2 ** 53, '1', null, new Date(0)]),
  ),
  spoilt('bases of another form', 5, (rng) =>
    rng.pick<unknown>([
      [],
      [0],
      [2, 5, 'n'],
      [0, -1, 'n'],
      [0, 5, ''],
      [1, 'x', 1],
      [1, 5, 5],
      'base',
      0,
      [0, 5, 'n', 1],
    ]),
  ),
  spoilt('a put of nothing', 6, () => null),
  spoilt('times to live that there are not', 7, (rng) =>
    rng.pick<unknown>([0, -1, 0.5, LIMITS.ttlMs + rng.int(1, 99), '5', true]),
  ),
  spoilt('nodes of another form', 8, (rng) =>
    rng.pick<unknown>(['', 5, 'n'.repeat(LIMITS.nodeIdChars + 1), [], {}]),
  ),
  misfit('removals with a payload', (rng, around) =>
    ops(around, [row(around, OP.REMOVE, key(rng), anyValue(rng) ?? 1)]),
  ),
  misfit('removals with a time to live', (rng, around) =>
    ops(around, [row(around, OP.REMOVE, key(rng), null, [rng.int(1, 99)])]),
  ),
  misfit('removals of tags that are none', (rng, around) =>
    ops(around, [
      row(
        around,
        OP.OR_REMOVE,
        key(rng),
        rng.pick<unknown>([[], [''], [5], 'tag', null, ['t'.repeat(LIMITS.tagChars + 1)], {}]),
      ),
    ]),
  ),
  misfit('removals of more tags than admitted', (rng, around) =>
    ops(around, [
      row(
        around,
        OP.OR_REMOVE,
        'k',
        Array.from({ length: LIMITS.tagsPerRemove + rng.int(1, 99) }, (_, i) => `t${i}`),
      ),
    ]),
  ),
  misfit('increments by what is no number', (rng, around) =>
    ops(around, [
      row(
        around,
        OP.INCREMENT,
        key(rng),
        rng.pick<unknown>([0, 0.5, 2 ** 53, 1n, '1', null, [1], -(2 ** 60)]),
      ),
    ]),
  ),
  misfit('transactions of nothing', (rng, around) =>
    ops(around, [
      row(around, OP.TRANSACTION, key(rng), rng.pick<unknown>([[], null, {}, 'x', [[]], [null], 5])),
    ]),
  ),
  misfit('transactions of too many writes', (rng, around) =>
    ops(around, [
      row(around, OP.TRANSACTION, 'k{x}0', subs(LIMITS.writesPerTransaction + rng.int(1, 50), around)),
    ]),
  ),
  misfit('transactions in transactions', (rng, around) =>
    ops(around, [
      row(around, OP.TRANSACTION, 'k{x}0', [
        [OP.PUT, 0, 'k{x}0', null, rng.u32()],
        [OP.TRANSACTION, 0, 'k{x}1', null, subs(1, around)],
      ]),
    ]),
  ),
  misfit('transactions that begin elsewhere', (rng, around) =>
    ops(around, [row(around, OP.TRANSACTION, `other${rng.id(3)}`, subs(2, around))]),
  ),
  misfit('rows that are too short or too long', (rng, around) => {
    const whole = [...put(around, rng), null, null, null, 5, 6];
    return ops(around, [whole.slice(0, rng.pick([0, 1, 3, 6, 10, 11, 12]))]);
  }),
  misfit('rows that are no array', (rng, around) =>
    ops(around, [rng.pick<never>([null, 5, 'x', { 0: 1, length: 7 }] as never)]),
  ),
  misfit('more ops than a frame may have', (rng, around) => {
    const one = put(around, rng);
    return ops(
      around,
      Array.from({ length: LIMITS.opsPerFrame + rng.int(1, 50) }, () => one),
    );
  }),
];

function subs(count: number, _around: Around): Row[] {
  return Array.from({ length: count }, (_, i) => [OP.PUT, 0, `k{x}${i}`, null, i]);
}
