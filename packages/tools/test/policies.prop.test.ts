import { isDeepStrictEqual } from 'node:util';
import type { PredicateNode } from '@topgun/core';
import { PermissionPolicy, type Policy, type Principal } from '@topgun/server/engine';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NaivePolicies } from './naivePolicies.js';

/** `npm run test:policies` asks for more. */
const RUNS = Number(process.env.TOPGUN_POLICY_RUNS ?? 3_000);

const name = fc.constantFrom('a', 'b', 'by', 'team', '__proto__');
const scalar = fc.constantFrom<unknown>(0, 1, 7, 'ann', 'ben', 'red', '', null, true);
const row = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.dictionary(name, fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  },
  { weight: 1, arbitrary: fc.oneof(scalar, fc.array(scalar, { maxLength: 2 })) },
);
const operand = fc.oneof(
  scalar,
  fc.constantFrom('sub', 'team', 'org.id', 'none').map(($auth) => ({ $auth })),
);
const leaf = fc.oneof(
  fc.record({ op: fc.constantFrom('eq', 'neq', 'gt', 'lte', 'contains'), path: name, value: operand }),
  fc.record({ op: fc.constant('in'), path: name, values: fc.array(operand, { minLength: 1, maxLength: 2 }) }),
  fc.record({ op: fc.constant('exists'), path: name }),
);
const where = fc.letrec<{ node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    leaf,
    fc.record({ op: fc.constantFrom('and', 'or'), children: fc.array(tie('node'), { maxLength: 2 }) }),
    fc.record({ op: fc.constant('not'), child: tie('node') }),
  ),
})).node as fc.Arbitrary<PredicateNode>;

const SEGMENTS = ['users', 'ann', 'ben', 'red', '7', 'x'];
const segment = fc.constantFrom(...SEGMENTS);
const wanted = fc.constantFrom(...SEGMENTS, '*', '{sub}', '{userId}', '{team}', '{org.id}', '{none}');
const joined = (part: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(part, fc.array(fc.tuple(fc.constantFrom(':', '/'), part), { maxLength: 2 }))
    .map(([first, rest]) => first + rest.map(([separator, next]) => separator + next).join(''));
const pattern = fc.oneof(
  { weight: 3, arbitrary: joined(wanted) },
  { weight: 1, arbitrary: joined(wanted).map((text) => `${text}/**`) },
  { weight: 2, arbitrary: fc.constantFrom('**', '*', 'users/{sub}') },
);
const map = fc.oneof(joined(segment), fc.constantFrom('users/ann', 'users/a:b', 'users/*'));

const policy: fc.Arbitrary<Policy> = fc
  .record({
    role: fc.constantFrom('USER', 'ADMIN', '*'),
    map: pattern,
    actions: fc.subarray(['READ', 'PUT', 'REMOVE'] as const, { minLength: 1 }),
    where: fc.option(where),
    fields: fc.option(fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), { freq: 2 }),
  })
  .map(({ where: test, fields, ...rest }) => ({
    ...rest,
    ...(test !== null && { where: test }),
    ...(fields !== null && { fields }),
  }));
const principal: fc.Arbitrary<Principal> = fc.record({
  sub: fc.constantFrom('ann', 'ben', 'a:b', '*', '**', 'users/ann', '{sub}'),
  roles: fc.subarray(['USER', 'ADMIN']),
  claims: fc.record(
    {
      team: fc.constantFrom<unknown>('red', 7, ['red', 'x'], 'a/b', '', null, {}),
      org: fc.record({ id: fc.constantFrom<unknown>('red', 7, '*') }),
      // What a token says of itself does not count.
      roles: fc.constant(['ADMIN']),
    },
    { requiredKeys: [] },
  ),
});

interface Case {
  readonly policies: readonly Policy[];
  readonly principal: Principal;
  readonly other: Principal;
  readonly map: string;
  readonly old: unknown;
  readonly next: unknown;
}
const question: fc.Arbitrary<Case> = fc
  .record({
    // Half of the policies name the map that is asked about: random patterns hardly ever meet it.
    policies: fc.array(fc.tuple(policy, fc.boolean()), { maxLength: 5 }),
    principal,
    other: principal,
    map,
    old: fc.option(row, { nil: undefined, freq: 4 }),
    next: row,
  })
  .map(({ policies, ...one }) => ({
    ...one,
    policies: policies.map(([made, named]) => (named ? { ...made, map: one.map } : made)),
  }));

type Gate = Pick<PermissionPolicy, 'may' | 'explain'>;

/** Holds every answer of a gate about one question against the naive reading; throws where they differ. */
function judge(one: Case, gate: Gate, seen: Record<string, number>): void {
  const { policies, principal: who, other, map: about, old, next } = one;
  const naive = new NaivePolicies(policies, who, about);
  const rights = gate.may(who, about);
  const note = (what: string, does: boolean): void => {
    if (does) seen[what] = (seen[what] ?? 0) + 1;
  };
  const shown = naive.seen(next);
  expect(rights.view.project(next)).toEqual(shown);
  note('seen in part', shown !== undefined && !isDeepStrictEqual(shown, next));
  note('seen whole', isDeepStrictEqual(shown, next));

  const puts = naive.puts(old, next);
  const put = rights.put(old, next);
  if (puts.length === 0) expect(typeof put).toBe('symbol');
  else expect(puts.some((made) => isDeepStrictEqual(made, put))).toBe(true);
  note('put', puts.length > 0);
  note('put and hidden fields kept', puts.length > 0 && !isDeepStrictEqual(puts[0], next));
  const removes = naive.removes(old);
  expect(rights.canRemove && rights.remove(old)).toBe(removes);
  note('removed', removes);
  for (const field of ['a', 'by', 'none']) expect(rights.view.hides(field)).toBe(naive.hides(field));
  note('a hidden field', naive.hides('a') && !naive.hides('b'));

  const told = (action: 'READ' | 'PUT' | 'REMOVE', stands: unknown): boolean => {
    const access = gate.explain(about, { principal: who, action, old: stands, next });
    expect(access.considered.some(({ reason }) => reason === 'allows')).toBe(access.allowed);
    return access.allowed;
  };
  expect([told('READ', next), told('PUT', old), told('REMOVE', old)]).toEqual([
    shown !== undefined,
    puts.length > 0,
    removes,
  ]);

  // Who shares a view sees the same (PERM-8).
  const theirs = gate.may(other, about);
  if (theirs.view.signature !== rights.view.signature) return;
  note('a view is shared', who.sub !== other.sub && !theirs.view.isBlind && !theirs.view.isWhole);
  for (const value of [old, next]) expect(theirs.view.project(value)).toEqual(rights.view.project(value));
}

describe('random policies', () => {
  it('[PERM-1] [PERM-5] [PERM-6] [PERM-7] [PERM-8] [PERM-9] [PERM-12] every decision is that of a naive reading of the rules', {
    timeout: 20_000 + 20 * RUNS,
  }, () => {
    const seen: Record<string, number> = {};
    fc.assert(
      fc.property(question, (one) => judge(one, new PermissionPolicy(one.policies), seen)),
      { numRuns: RUNS },
    );
    // The cases reach what they are for.
    for (const what of [
      'seen in part',
      'seen whole',
      'put',
      'put and hidden fields kept',
      'removed',
      'a hidden field',
      'a view is shared',
    ])
      expect([what, (seen[what] ?? 0) > RUNS / 500]).toEqual([what, true]);
  });

  it.each<[string, (one: Case) => Gate]>([
    [
      'the role is not looked at',
      ({ policies }) => new PermissionPolicy(policies.map((p) => ({ ...p, role: '*' }))),
    ],
    [
      'the mask of writes is forgotten',
      ({ policies }) => {
        return new PermissionPolicy(
          policies.map(({ fields, ...p }) => (p.actions.includes('READ') && fields ? { ...p, fields } : p)),
        );
      },
    ],
    [
      'the row as it stands is not looked at',
      ({ policies }) => {
        const gate = new PermissionPolicy(policies);
        return {
          explain: gate.explain.bind(gate),
          may: (who, about) => {
            const rights = gate.may(who, about);
            rights.put = (
              (put) => (_: unknown, next: unknown) =>
                put.call(rights, undefined, next)
            )(rights.put);
            return rights;
          },
        };
      },
    ],
    [
      'a claim is taken for a pattern',
      ({ policies, principal: { sub } }) => {
        return new PermissionPolicy(
          policies.map((p) => ({ ...p, map: sub === '**' ? '**' : p.map.replace('{sub}', '*') })),
        );
      },
    ],
    [
      'a masked policy removes',
      ({ policies }) => {
        return new PermissionPolicy(
          policies.flatMap(({ fields, ...p }) => [
            { ...p, ...(fields && { fields }) },
            { ...p, actions: ['REMOVE'] },
          ]),
        );
      },
    ],
  ])('finds that %s', (_, planted) => {
    const run = fc.check(
      fc.property(question, (one) => judge(one, planted(one), {})),
      { numRuns: 3_000, seed: 7, endOnFailure: true },
    );
    expect(run.failed).toBe(true);
  });
});
