import { type ErrorCode, LIMITS, packHashes } from '@topgun/protocol';
import type { Rng } from '@topgun/sim/internal/rng';
import type { Family, Rule } from '../Family.js';
import { anyValue, PROTOTYPE_NAMES, packed, randomBytes } from './bytes.js';
import { clientSays, family, said } from './probes.js';

const MISFIT = { rule: 'E3', code: 'BAD_MESSAGE' } as const;

interface Parts {
  readonly map?: string;
  readonly where?: unknown;
  readonly sort?: unknown;
  readonly limit?: unknown;
  readonly root?: unknown;
  readonly after?: unknown;
  readonly before?: unknown;
}

const sub = (id: string, { map = 'open:a', where, sort, limit, root, after, before }: Parts = {}): Buffer =>
  packed([10, id, map, where, sort, limit, root, after, before].map((part) => part ?? null));
const unsub = (id: string): Buffer => packed([11, id]);
const idOf = (rng: Rng): string => `q${rng.int(0, 20)}`;

const refused = (name: string, make: (rng: Rng) => Parts): Family =>
  said('queries', name, MISFIT, (rng) => sub(idOf(rng), make(rng)));

/** A query that is answered, and closed again. */
const fine = (name: string, make: (rng: Rng) => Parts): Family =>
  family('queries', name, { rule: 'accepted' }, (rng) =>
    clientSays({ rule: 'accepted' }, sub('q', { limit: 20, ...make(rng) }), unsub('q')),
  );

const other = (name: string, rule: Rule, code: ErrorCode, make: (rng: Rng) => Uint8Array): Family =>
  said('queries', name, { rule, code }, make);

/** A predicate of so many levels. Each `not` is one level of the frame, each `and` and `or` two. */
function deep(levels: number, rng?: Rng): unknown {
  let node: unknown = { op: 'exists', path: 'a' };
  for (let level = 1; level < levels; level++)
    node =
      rng?.chance(0.5) === true
        ? { op: rng.pick(['and', 'or']), children: [node] }
        : { op: 'not', child: node };
  return node;
}

const leaf = (op: string, rest: Readonly<Record<string, unknown>> = {}): Parts => ({
  where: { op, path: 'a', ...rest },
});
/** As many values as admitted. */
const many = (rng: Rng): Parts => {
  const values = Array.from({ length: 1_000 }, (_, i) => i);
  return {
    where: {
      op: 'and',
      children: Array.from({ length: rng.int(5, 15) }, () => ({ op: 'in', path: 'a', values })),
    },
  };
};
const wide = (count: number): Parts => ({
  where: { op: 'or', children: Array.from({ length: count }, (_, i) => ({ op: 'eq', path: 'a', value: i })) },
});

const predicates: readonly Family[] = [
  refused('operators that there are not', (rng) =>
    leaf(
      rng.pick([
        '',
        'EQ',
        '$where',
        'function',
        'constructor',
        '__proto__',
        'toString',
        'hasOwnProperty',
        '=',
        rng.id(9),
      ]),
    ),
  ),
  refused('operators that are no text', (rng) => ({
    where: { op: rng.pick<unknown>([null, 5, ['eq'], { op: 'eq' }, true]), path: 'a', value: 1 },
  })),
  refused('predicates that are no object', (rng) => ({
    where: rng.pick<unknown>([5, 'a = 1', true, [], [{ op: 'eq' }], new Date(0)]),
  })),
  refused('paths that are no text', (rng) => ({
    where: { op: 'eq', path: rng.pick<unknown>([5, null, ['a'], {}]), value: 1 },
  })),
  refused('paths that are too long', (rng) => ({
    where: { op: 'eq', path: 'a.'.repeat(256 + rng.int(1, 200)), value: 1 },
  })),
  refused('deeper than admitted', (rng) => ({ where: deep(rng.int(17, 27)) })),
  refused('more nodes than admitted', (rng) => wide(rng.int(256, 2_000))),
  refused('more values of lists than admitted', (rng) => {
    const values = Array.from({ length: 1_000 }, (_, i) => i);
    return {
      where: {
        op: 'and',
        children: Array.from({ length: rng.int(17, 48) }, () => ({ op: 'in', path: 'a', values })),
      },
    };
  }),
  refused('children that are no list', (rng) => ({
    where: { op: rng.pick(['and', 'or']), children: rng.pick<unknown>([null, {}, 'x', 5]) },
  })),
  refused('children that are no predicates', (rng) => ({
    where: { op: 'and', children: [{ op: 'exists', path: 'a' }, rng.pick<unknown>([null, 5, [], {}])] },
  })),
  refused('not of nothing', (rng) => ({ where: { op: 'not', child: rng.pick<unknown>([null, 5, [], {}]) } })),
  refused('lists that are none', (rng) =>
    leaf('in', { values: rng.pick<unknown>([null, 5, 'abc', { 0: 1 }]) }),
  ),
  refused('lists that are too long', (rng) =>
    leaf('in', { values: Array.from({ length: 1_000 + rng.int(1, 500) }, (_, i) => i) }),
  ),
  refused('patterns that are no text', (rng) =>
    leaf(rng.pick(['like', 'regex']), { pattern: rng.pick<unknown>([5, null, ['a'], {}]) }),
  ),
  refused('patterns that are too long', (rng) =>
    leaf(rng.pick(['like', 'regex']), { pattern: 'a'.repeat(256 + rng.int(1, 300)) }),
  ),
  refused('flags that there are not', (rng) =>
    leaf('regex', { pattern: 'a', flags: rng.pick<unknown>(['g', 'ii', 'x', 5, ['i'], 'imsu']) }),
  ),
  refused('words that are no text', (rng) => leaf('match', { text: rng.pick<unknown>([5, null, [], {}]) })),
  other('expressions that no engine takes', 'E3', 'PREDICATE_INVALID', (rng) =>
    sub(
      idOf(rng),
      leaf('regex', {
        pattern: rng.pick(['(', '[', '(?<=a)b', '\\1(a)', '(?=a)', 'a{2000}', '*', 'a**', '(?P<', '\\']),
      }),
    ),
  ),
  fine('expressions that would never end elsewhere', (rng) =>
    leaf('regex', {
      pattern: rng.pick([
        '(a+)+$',
        '(a|aa)+$',
        '(.*)*x',
        '(a*)*b',
        '([a-z]+)*1',
        '(a|a?)+b',
        '^(([a-z])+.)+[A-Z]([a-z])+$',
      ]),
    }),
  ),
  fine('likes that would never end elsewhere', (rng) =>
    leaf('like', { pattern: '%a'.repeat(rng.int(1, 127)) }),
  ),
  fine('names of Object.prototype as paths', (rng) => ({
    where: {
      op: 'exists',
      path: rng.pick([...PROTOTYPE_NAMES, '__proto__', 'a.__proto__.b', 'constructor.prototype']),
    },
    sort: [[rng.pick([...PROTOTYPE_NAMES, '__proto__']), 'asc']],
  })),
  fine('as deep and as wide as admitted', (rng) =>
    rng.pick([
      () => ({ where: deep(13, rng) }),
      () => ({ where: deep(16) }),
      () => wide(255),
      () => many(rng),
    ])(),
  ),
  fine('operands of any value', (rng) =>
    leaf(rng.pick(['eq', 'neq', 'gt', 'lte', 'contains']), { value: anyValue(rng, 2) }),
  ),
  fine('no children', (rng) => ({ where: { op: rng.pick(['and', 'or']), children: [] } })),
  fine('bounds the wrong way round', (rng) =>
    leaf('between', {
      from: rng.pick<unknown>([5, 'x', new Date(9)]),
      to: rng.pick<unknown>([1, 'a', null]),
    }),
  ),
];

const windows: readonly Family[] = [
  refused('limits that there are not', (rng) => ({
    limit: rng.pick<unknown>([0, -1, 0.5, LIMITS.queryRows + rng.int(1, 999), '5', true, 5n]),
  })),
  refused('directions that there are not', (rng) => ({
    sort: [['a', rng.pick<unknown>(['up', 'ASC', '', 1, null, true])]],
  })),
  refused('sorts of another form', (rng) => ({
    sort: rng.pick<unknown>(['a', { a: 'asc' }, [['a']], [['a', 'asc', 1]], [null], ['a'], [[5, 'asc']], 5]),
  })),
  refused('more sorts than admitted', (rng) => ({
    sort: Array.from({ length: LIMITS.sortTerms + rng.int(1, 20) }, (_, i) => [`f${i}`, 'asc']),
  })),
  refused('sorts by paths that are too long', (rng) => ({
    sort: [['a'.repeat(LIMITS.sortPathChars + rng.int(1, 99)), 'asc']],
  })),
  refused('positions of another form', (rng) => ({
    sort: [['a', 'asc']],
    [rng.pick(['after', 'before'])]: rng.pick<unknown>([
      'k',
      5,
      [],
      { key: 'k' },
      { key: 5, values: [[1]] },
      { key: 'k', values: [] },
      { key: 'k', values: [[1], [2]] },
      { key: 'k', values: [1] },
      { key: 'k', values: [[1, 2]] },
      { key: 'k', values: [[1]], more: 1 },
      { key: 'k', values: [['x'.repeat(20_000)]] },
    ]),
  })),
  refused('after and before at once', () => ({
    after: { key: 'a', values: [] },
    before: { key: 'b', values: [] },
  })),
  refused('roots that are no hash', (rng) => ({
    root: rng.pick<unknown>([-1, 0.5, 2 ** 53, '0', true, 7n]),
  })),
  fine('positions that nobody has seen', (rng) => ({
    sort: [['a', rng.pick(['asc', 'desc'])]],
    [rng.pick(['after', 'before'])]: { key: rng.id(4), values: [rng.chance(0.5) ? [] : [anyValue(rng, 1)]] },
  })),
  fine('roots that nobody has seen', (rng) => ({ root: rng.int(0, 2 ** 52) })),
  fine('windows under a mask', (rng) => ({
    map: 'masked:a',
    where: { op: 'exists', path: 'title' },
    limit: rng.int(1, 99),
  })),
];

const merkle = (nodes: unknown, query: unknown = null): Buffer => packed([7, 9, 'open:a', nodes, query]);
const rows = (items: unknown, query: unknown = null): Buffer => packed([8, 9, 'open:a', items, query]);
const oneHash = packHashes([1]);

const syncs: readonly Family[] = [
  said('queries', 'nodes of another form', MISFIT, (rng) =>
    merkle([
      rng.pick<unknown>([
        [271, '', null],
        [-1, '', null],
        [0, 'g', null],
        [0, 'A0', null],
        [0, '0'.repeat(17), null],
        [0, ''],
        [0, '', 5],
        [0, '', new Uint8Array(95)],
        [0.5, '', null],
        'x',
      ]),
    ]),
  ),
  said('queries', 'more nodes than admitted at once', MISFIT, (rng) =>
    merkle(Array.from({ length: LIMITS.merkleNodesPerRequest + rng.int(1, 200) }, () => [0, '', null])),
  ),
  said('queries', 'items of another form', MISFIT, (rng) =>
    rows([
      rng.pick<unknown>([
        [271, '', oneHash],
        [0, 'x', oneHash],
        [0, '', new Uint8Array(0)],
        [0, '', new Uint8Array(7)],
        [0, '', null],
        [0, '', 'abcdef'],
        [0, '', oneHash, 1],
        5,
      ]),
    ]),
  ),
  said('queries', 'more items than admitted at once', MISFIT, (rng) =>
    rows(Array.from({ length: LIMITS.itemsPerRequest + rng.int(1, 200) }, () => [0, '', oneHash])),
  ),
  said('queries', 'kinds of map that there are not', MISFIT, (rng) =>
    packed([6, 1, 'open:a', rng.pick<unknown>(['lww', 'MAP', '', 0, null, 'constructor']), 0]),
  ),
  said('queries', 'cursors of another length', MISFIT, (rng) =>
    packed([
      6,
      1,
      'open:a',
      'LWW',
      0,
      randomBytes(rng, 0, 1).length === 0
        ? new Uint8Array(rng.int(0, LIMITS.proofBytes - 1))
        : new Uint8Array(LIMITS.cursorBytes + rng.int(1, 500)),
    ]),
  ),
  family('queries', 'cursors that are forged', { rule: 'accepted' }, (rng) =>
    clientSays(
      { rule: 'accepted' },
      packed([6, 1, 'open:a', 'LWW', rng.u32(), randomBytes(rng, LIMITS.proofBytes, 600)]),
      packed([9, 'open:a']),
    ),
  ),
  other('walks of maps that are not open', 'E9', 'RESYNC', (rng) =>
    packed([rng.pick([7]), rng.int(0, 99), `open:${rng.id(3)}`, [[rng.int(0, 270), '', null]]]),
  ),
  other('walks of queries that are not open', 'E9', 'RESYNC', (rng) =>
    merkle([[rng.int(0, 270), '', null]], `none${rng.id(3)}`),
  ),
  other('rows of queries that are not open', 'E9', 'RESYNC', (rng) =>
    rows([[rng.int(0, 270), '', oneHash]], `none${rng.id(3)}`),
  ),
  other('scopes where nothing is allowed', 'E6', 'DENIED', (rng) =>
    packed([6, rng.int(0, 99), rng.pick(['witness', 'closed:a', `closed:${rng.id(3)}`]), 'LWW', 0]),
  ),
  other('queries where nothing is allowed', 'E6', 'DENIED', (rng) =>
    sub(`d${rng.int(0, 9)}`, { map: rng.pick(['witness', 'closed:a', `closed:${rng.id(3)}`]) }),
  ),
  other('topics where nothing is allowed', 'E6', 'DENIED', (rng) =>
    packed([rng.pick([12]), rng.pick(['closed', 'witness', rng.id(5)])]),
  ),
  other('messages to topics where nothing is allowed', 'E6', 'DENIED', (rng) =>
    packed([14, rng.pick(['closed', rng.id(5)]), anyValue(rng)]),
  ),
  family('queries', 'a whole map under a mask', { rule: 'accepted' }, (rng) =>
    clientSays(
      { rule: 'accepted' },
      packed([6, rng.int(0, 99), 'masked:a', 'LWW', rng.u32()]),
      packed([9, 'masked:a']),
    ),
  ),
  family('queries', 'more subscriptions than admitted', { rule: 'E7', code: 'LIMIT' }, (rng) => ({
    ...clientSays(
      { rule: 'E7' },
      ...Array.from({ length: LIMITS.subscriptionsPerConnection + 1 }, (_, i) =>
        rng.chance(0.5) ? packed([12, `open:t${i}`]) : packed([12, `open:u${i}`]),
      ),
    ),
    fresh: true,
  })),
];

/** Questions: predicates, windows, walks, topics. */
export const queryFamilies: readonly Family[] = [...predicates, ...windows, ...syncs];
