import { packTime } from '@topgun/core';
import { CONCERN, type ErrorCode, LIMITS, OP } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Around, Expected, Family, Probe } from '../Family.js';
import { frameOf } from '../link/frameOf.js';
import { anyValue, PROTOTYPE_NAMES, randomBytes } from './bytes.js';
import { misfitFamilies } from './misfitOps.js';
import { key, ops, put, row } from './opRows.js';
import { family, said } from './probes.js';

/** A clock that is ten years ahead. */
const T_AHEAD_MS = 10 * 365 * 86_400_000;

/** Ops that fit their message, each to be answered; what comes of them is `code`, or that they are applied. */
const ruled = (
  name: string,
  expected: Expected,
  make: (rng: Rng, around: Around) => readonly Uint8Array[],
  fresh = false,
): Family =>
  family('operations', name, expected, (rng, around): Probe => {
    const payloads = make(rng, around);
    return {
      kind: 'client',
      bytes: Buffer.concat(payloads.map((payload) => frameOf(payload))),
      settles: { ops: payloads.length },
      fresh,
    };
  });

const refused = (
  name: string,
  rule: Expected['rule'],
  code: ErrorCode,
  make: (rng: Rng, around: Around) => Uint8Array,
): Family => ruled(name, { rule, code }, (rng, around) => [make(rng, around)]);

const fine = (name: string, make: (rng: Rng, around: Around) => Uint8Array): Family =>
  ruled(name, { rule: 'accepted' }, (rng, around) => [make(rng, around)]);

const denials: readonly Family[] = [
  refused('puts where nothing is allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [put(around, rng)], { maps: [`closed:${rng.id(2)}`] }),
  ),
  refused('puts on records of others that are there', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.PUT, `k${rng.int(0, 9)}`, 1)], { maps: ['witness'] }),
  ),
  refused('removals where nothing is allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.REMOVE, key(rng), null)], { maps: ['witness'] }),
  ),
  refused('removals where reading alone is allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.REMOVE, key(rng), null)], { maps: ['reads:a'] }),
  ),
  refused('elements where nothing is allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.OR_ADD, key(rng), rng.u32())], { maps: ['closed:or'] }),
  ),
  refused('increments where nothing is allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.INCREMENT, key(rng), 1)], { maps: ['closed:pn'] }),
  ),
  refused('maps whose names only look like those that are allowed', 'E6', 'DENIED', (rng, around) =>
    ops(around, [put(around, rng)], {
      maps: [rng.pick(['open', 'opens:a', 'xopen:a', 'open/a', 'Open:a', 'a:open:a', 'open.a', 'open-a:b'])],
    }),
  ),
  refused('rows that belong to others', 'E6', 'DENIED', (rng, around) =>
    ops(
      around,
      [
        row(around, OP.PUT, key(rng), {
          owner: rng.pick<unknown>(['nora', '', null, ['mallory'], { sub: 'mallory' }]),
        }),
      ],
      { maps: ['mine:a'] },
    ),
  ),
  refused('fields that are masked', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.PUT, key(rng), { title: 't', secret: rng.u32() })], { maps: ['masked:a'] }),
  ),
  refused('removals under a mask', 'E6', 'DENIED', (rng, around) =>
    ops(around, [row(around, OP.REMOVE, key(rng), null)], { maps: ['masked:a'] }),
  ),
  refused('transactions of which one write is denied', 'E6', 'DENIED', (rng, around) =>
    ops(
      around,
      [
        row(around, OP.TRANSACTION, 'k{x}0', [
          [OP.PUT, 0, 'k{x}0', null, rng.u32()],
          [OP.PUT, 1, 'k{x}1', null, 1],
        ]),
      ],
      { maps: ['open:a', 'closed:a'] },
    ),
  ),
];

const judged: readonly Family[] = [
  refused('stamps from the future', 'E8', 'CLOCK_SKEW', (rng, around) => {
    const ahead = { ...around, nowMs: around.nowMs + rng.int(120_000, T_AHEAD_MS) };
    return ops(around, [put(ahead, rng)]);
  }),
  refused('the highest stamp that there is', 'E8', 'CLOCK_SKEW', (rng, around) =>
    ops(around, [[around.nextSeq(), OP.PUT, 0, key(rng), 2 ** 53 - 1 - rng.int(0, 99), null, 1]]),
  ),
  refused('sessions that were not named', 'E10', 'SESSION_UNKNOWN', (rng, around) =>
    ops(around, [put(around, rng)], { session: rng.id(11) }),
  ),
  refused('stamps of other nodes', 'E10', 'SESSION_UNKNOWN', (rng, around) =>
    ops(around, [
      [...put(around, rng), null, rng.pick(['node-1', rng.id(11), 'server', '__proto__', 'constructor'])],
    ]),
  ),
  refused('seq far above what is settled', 'E7', 'SEQ_WINDOW', (rng, around) =>
    ops(around, [[around.nextSeq() + rng.int(10 * LIMITS.seqWindow, 2 ** 40), ...put(around, rng).slice(1)]]),
  ),
  {
    ...ruled('ids that belong to other ops', { rule: 'E10', code: 'ID_REUSED' }, (rng, around) => {
      const one = row(around, OP.PUT, key(rng), 1);
      const other = [...one];
      other[6] = 2 + rng.u32();
      return [ops(around, [one]), ops(around, [other])];
    }),
    isTakenIn: true,
  },
  refused('kinds that a map has not', 'E10', 'WRONG_KIND', (rng, around) =>
    ops(
      around,
      [rng.chance(0.5) ? row(around, OP.OR_ADD, key(rng), 1) : row(around, OP.INCREMENT, key(rng), 1)],
      { maps: ['mine:a'] },
    ),
  ),
  refused('transactions over two partitions', 'E10', 'CROSS_PARTITION', (rng, around) => {
    const name = `k${rng.id(8)}`;
    return ops(around, [
      row(around, OP.TRANSACTION, `${name}{a}`, [
        [OP.PUT, 0, `${name}{a}`, null, 1],
        [OP.PUT, 0, `${name}{b}`, null, 1],
      ]),
    ]);
  }),
  refused('transactions over durable and volatile maps', 'E10', 'VOLATILE_MAP', (rng, around) =>
    ops(
      around,
      [
        row(around, OP.TRANSACTION, 'k{x}0', [
          [OP.PUT, 0, 'k{x}0', null, rng.u32()],
          [OP.PUT, 1, 'k{x}1', null, 1],
        ]),
      ],
      { maps: ['open:a', 'volatile:a'] },
    ),
  ),
  refused('replication that there is not', 'E10', 'REPLICATED_UNSUPPORTED', (rng, around) =>
    ops(around, [put(around, rng)], { concern: CONCERN.REPLICATED }),
  ),
  refused('writes that a resolver rejects', 'E10', 'RESOLVER_REJECTED', (rng, around) =>
    ops(around, [row(around, OP.PUT, key(rng), rng.u32())], { maps: ['judged:a'] }),
  ),
  {
    ...ruled(
      'another life of the store',
      { rule: 'E9', code: 'NEW_INCARNATION' },
      (rng, around) => [ops(around, [put(around, rng)], { incarnation: rng.id(20) })],
      true,
    ),
    isTakenIn: true,
  },
];

const accepted: readonly Family[] = [
  fine('puts of any value', (rng, around) => ops(around, [put(around, rng)])),
  fine('names of Object.prototype as keys', (rng, around) =>
    ops(around, [row(around, OP.PUT, rng.pick([...PROTOTYPE_NAMES, '__proto__']), rng.u32())]),
  ),
  fine('names of Object.prototype as fields', (rng, around) =>
    ops(around, [row(around, OP.PUT, key(rng), { [rng.pick(PROTOTYPE_NAMES)]: anyValue(rng, 1) })]),
  ),
  fine('names of Object.prototype as maps', (rng, around) =>
    ops(around, [put(around, rng)], {
      maps: [`open:${rng.pick(['__proto__', 'constructor', 'prototype', 'toString'])}`],
    }),
  ),
  fine('keys of any characters', (rng, around) =>
    ops(around, [
      row(
        around,
        OP.PUT,
        rng.pick([
          '\u0000',
          '😀',
          '{',
          '}',
          '{}',
          '{a',
          'a}b{',
          '\u202e',
          '\ufeffx',
          ' ',
          '..',
          '%00',
          'é'.repeat(9),
        ]),
        1,
      ),
    ]),
  ),
  fine('elements, removals, increments', (rng, around) =>
    rng.pick([
      () => ops(around, [row(around, OP.OR_ADD, key(rng), rng.u32(), [86_400_000])], { maps: ['open:or'] }),
      () => ops(around, [row(around, OP.OR_REMOVE, key(rng), [`x${rng.id(4)}`])], { maps: ['open:or'] }),
      () =>
        ops(around, [row(around, OP.INCREMENT, key(rng), rng.pick([1, -1, 2 ** 40]))], { maps: ['open:pn'] }),
      () => ops(around, [row(around, OP.REMOVE, key(rng), null)]),
    ])(),
  ),
  fine('the same op again', (rng, around) => {
    const one = put(around, rng);
    return ops(around, [one, one]);
  }),
  fine('stamps from long ago', (rng, around) => {
    const one = [...put(around, rng)];
    one[4] = packTime(around.nowMs - rng.int(0, 5 * 86_400_000), 0);
    return ops(around, [one]);
  }),
  fine('bases that nobody has seen', (rng, around) => {
    const one = [...put(around, rng)];
    one[5] = rng.pick<unknown>([
      [0, rng.u32(), 'nobody'],
      [1, rng.id(11), rng.u32()],
      [0, 0, '__proto__'],
    ]);
    return ops(around, [one]);
  }),
  fine('large values', (rng, around) =>
    ops(around, [row(around, OP.PUT, 'large', randomBytes(rng, 1_000, 20_000))]),
  ),
  said('operations', 'no ops at all', { rule: 'accepted' }, (rng, around) =>
    ops(around, [], { maps: rng.chance(0.5) ? [] : ['open:a'], settledBelow: 0 }),
  ),
  ruled('puts under a mask keep what it hides', { rule: 'accepted' }, (rng, around) => [
    ops(around, [row(around, OP.PUT, key(rng), { title: rng.id(4) })], { maps: ['masked:a'] }),
  ]),
];

/** Writes: what no guard lets through, what no policy allows, what the engine refuses, and what is fine. */
export const operationFamilies: readonly Family[] = [...misfitFamilies, ...denials, ...judged, ...accepted];
