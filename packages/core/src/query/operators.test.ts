import { describe, expect, it } from 'vitest';
import { assertPredicate } from './assertPredicate.js';
import { evaluate } from './evaluate.js';
import { compileLike } from './like.js';
import type { PredicateNode } from './PredicateNode.js';
import { Predicates as P } from './Predicates.js';
import { backtracking } from './testing/backtracking.js';

const row = {
  done: false,
  priority: 3,
  big: 2n ** 60n,
  title: 'Buy 100% milk',
  owner: { id: 'u1', 'dotted.name': 1 },
  tags: ['home', 'shop', { id: 7 }],
  due: new Date(5_000),
  hash: Uint8Array.of(1, 2),
  none: null,
};

type Case = readonly [node: PredicateNode, verdict: boolean];

/** What each node says of the row, and its opposite under `not`; all of them are predicates as they come over the wire. */
function expectVerdicts(...cases: readonly Case[]): void {
  for (const [node, verdict] of cases) {
    const said = evaluate(node, row, {}, { regex: backtracking });
    expect(
      said,
      JSON.stringify(node, (_, part) => (typeof part === 'bigint' ? `${part}n` : part)),
    ).toBe(verdict);
    expect(evaluate(P.not(node), row, {}, { regex: backtracking })).toBe(!verdict);
    expect(() => assertPredicate(node)).not.toThrow();
  }
}

describe('paths', () => {
  it('[Q-1] lead through own fields and items', () => {
    expectVerdicts(
      [P.equal('owner.id', 'u1'), true],
      [P.equal('owner.dotted\\.name', 1), true],
      [P.equal('owner.dotted.name', 1), false],
      [P.equal('tags.2.id', 7), true],
      [P.exists('tags.length'), false],
      [P.exists('title.length'), false],
      [P.exists('owner.constructor'), false],
      [P.exists('due.getTime'), false],
    );
  });

  it('[Q-1] the empty path is the value itself', () => {
    expect(evaluate(P.greaterThan('', 4), 5)).toBe(true);
    expect(evaluate(P.exists('a'), 'text')).toBe(false);
  });

  it('[Q-2] a missing field meets neq and not exists alone; null is a value', () => {
    const met = [P.notEqual('missing', 1), P.notEqual('missing', null), P.not(P.exists('missing'))];
    for (const node of met) expect(evaluate(node, row)).toBe(true);
    expectVerdicts(
      [P.equal('missing', null), false],
      [P.in('missing', [null, 1]), false],
      [P.lessThan('missing', 3), false],
      [P.between('missing', null, 3), false],
      [P.like('missing', '%'), false],
      [P.regex('missing', ''), false],
      [P.match('missing', ''), false],
      [P.containsAll('missing', []), false],
      [P.equal('none', null), true],
      [P.exists('none'), true],
      [P.in('none', [1, null]), true],
    );
  });
});

describe('comparisons', () => {
  it('[OP-EQ] equal deeply, in any order of fields, numbers and bigints alike', () => {
    expectVerdicts(
      [P.equal('done', false), true],
      [P.equal('done', 0), false],
      [P.equal('priority', 3n), true],
      [P.equal('priority', '3'), false],
      [P.equal('owner', { 'dotted.name': 1, id: 'u1' }), true],
      [P.equal('owner', { id: 'u1' }), false],
      [P.equal('due', new Date(5_000)), true],
      [P.equal('due', 5_000), false],
      [P.equal('hash', Uint8Array.of(1, 2)), true],
      [P.equal('hash', [1, 2]), false],
    );
  });

  it('[OP-NEQ] the opposite of eq', () => {
    expectVerdicts([P.notEqual('priority', 3), false], [P.notEqual('priority', '3'), true]);
  });

  it('[OP-GT] behind, [Q-3] and only of one type', () => {
    expectVerdicts(
      [P.greaterThan('priority', 2), true],
      [P.greaterThan('priority', 3), false],
      [P.greaterThan('priority', '2'), false],
      [P.greaterThan('priority', null), false],
      [P.greaterThan('big', 1e18), true],
      [P.greaterThan('title', 'Buy'), true],
      [P.greaterThan('hash', Uint8Array.of(1, 1, 9)), true],
      [P.greaterThan('tags', ['home', 's']), true],
    );
  });

  it('[OP-GTE] behind or level', () => {
    expectVerdicts(
      [P.greaterThanOrEqual('priority', 3), true],
      [P.greaterThanOrEqual('priority', 3n), true],
      [P.greaterThanOrEqual('priority', 3.5), false],
      [P.greaterThanOrEqual('done', 0), false],
    );
  });

  it('[OP-LT] before, and only of one type', () => {
    expectVerdicts(
      [P.lessThan('priority', 4), true],
      [P.lessThan('priority', '4'), false],
      [P.lessThan('title', 'a'), true],
      [P.lessThan('done', true), true],
    );
  });

  it('[OP-LTE] before or level', () => {
    expectVerdicts(
      [P.lessThanOrEqual('due', new Date(5_000)), true],
      [P.lessThanOrEqual('due', new Date(4_999)), false],
      [P.lessThanOrEqual('priority', 3n), true],
      [P.lessThanOrEqual('none', null), true],
    );
  });

  it('[OP-BETWEEN] both bounds counted in', () => {
    expectVerdicts(
      [P.between('priority', 3, 4), true],
      [P.between('priority', 2, 3), true],
      [P.between('priority', 4, 5), false],
      [P.between('priority', 1, 'z'), false],
    );
  });

  it('[OP-IN] equal to one of the list', () => {
    expectVerdicts(
      [P.in('priority', [1, 3n]), true],
      [P.in('priority', ['3']), false],
      [P.in('priority', []), false],
      [P.in('owner', [{ id: 'u1', 'dotted.name': 1 }]), true],
    );
  });
});

describe('texts', () => {
  it('[OP-LIKE] is the whole of a text', () => {
    expectVerdicts(
      [P.like('title', 'buy %\\% MILK'), true],
      [P.like('title', 'buy'), false],
      [P.like('priority', '%'), false],
      [P.like('tags', '%'), false],
    );
  });

  it.each([
    ['%', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a%c', 'abbc', true],
    ['a%c', 'abcb', false],
    ['%b%b%', 'abab', true],
    ['_', '', false],
    ['a_c', 'a\nc', true],
    ['a\\_c', 'abc', false],
    ['\\%', '%', true],
    ['a\\', 'a\\', true],
    ['ÄÖ', 'äö', true],
    ['%a', 'ba%', false],
    ['%aab', 'aaaab', true],
  ])('[OP-LIKE] %j on %j is %s', (pattern, text, verdict) => {
    expect(compileLike(pattern)(text)).toBe(verdict);
  });

  it('[Q-4] no pattern of like is slow', () => {
    expect(compileLike(`${'%a'.repeat(100)}%b`)('a'.repeat(100_000))).toBe(false);
  });

  it('[OP-REGEX] is found in a text, by the engine that is given', () => {
    expectVerdicts(
      [P.regex('title', '\\d+%'), true],
      [P.regex('title', '^milk'), false],
      [P.regex('title', '^BUY'), false],
      [P.regex('title', '^BUY', 'i'), true],
      [P.regex('priority', '3'), false],
      [P.regex('tags', 'home'), false],
    );
  });

  it('[OP-MATCH] holds all terms, whole ones and in any order', () => {
    expectVerdicts(
      [P.match('title', 'MILK buy'), true],
      [P.match('title', 'mil'), false],
      [P.match('title', 'milk bread'), false],
      [P.match('title', '…'), true],
      [P.match('tags', 'shop home'), true],
      [P.match('tags', '7'), false],
      [P.match('priority', '3'), false],
      [P.match('owner', 'u1'), false],
    );
  });

  it('[OP-MATCH] with prefix the last term may be begun, the others not', () => {
    expectVerdicts(
      [P.match('title', 'buy mi', true), true],
      [P.match('title', 'bu milk', true), false],
      [P.match('title', 'mi', false), false],
      [P.match('title', '', true), true],
    );
  });
});

describe('lists', () => {
  it('[OP-CONTAINS] an equal item, or a piece of text', () => {
    expectVerdicts(
      [P.contains('tags', 'home'), true],
      [P.contains('tags', { id: 7 }), true],
      [P.contains('tags', { id: 8 }), false],
      [P.contains('title', 'milk'), true],
      [P.contains('title', 'MILK'), false],
      [P.contains('title', 100), false],
      [P.contains('priority', 3), false],
    );
  });

  it('[OP-ALL] each of the list; of none, every list and text', () => {
    expectVerdicts(
      [P.containsAll('tags', ['home', 'shop']), true],
      [P.containsAll('tags', ['home', 'none']), false],
      [P.containsAll('tags', []), true],
      [P.containsAll('title', ['Buy', 'milk']), true],
      [P.containsAll('priority', []), false],
    );
  });

  it('[OP-ANY] one of the list', () => {
    expectVerdicts(
      [P.containsAny('tags', ['none', 'shop']), true],
      [P.containsAny('tags', ['none']), false],
      [P.containsAny('tags', []), false],
      [P.containsAny('title', ['bread', 'milk']), true],
    );
  });

  it('[OP-EXISTS] be it null', () => {
    expectVerdicts([P.exists('none'), true], [P.exists('owner.name'), false]);
  });
});

describe('junctions', () => {
  const yes = P.exists('done');
  const no = P.exists('missing');

  it('[OP-AND] all of them, [Q-5] none being true', () => {
    expectVerdicts([P.and(yes, yes), true], [P.and(yes, no), false], [P.and(), true]);
  });

  it('[OP-OR] one of them, [Q-5] none being false', () => {
    expectVerdicts([P.or(no, yes), true], [P.or(no, no), false], [P.or(), false]);
  });

  it('[OP-NOT] the opposite', () => {
    expectVerdicts([P.not(no), true], [P.not(P.not(no)), false]);
  });

  it('[Q-6] claims stand for values, and a missing one never matches, not even under not', () => {
    const mine = P.equal('owner.id', { $auth: 'sub' });
    const teams = P.in('owner.id', { $auth: 'org.teams' });
    const auth = { sub: 'u1', org: { teams: ['u1'] } };
    expect([evaluate(mine, row, { auth }), evaluate(teams, row, { auth })]).toEqual([true, true]);
    expect(evaluate(P.in('owner.id', { $auth: 'sub' }), row, { auth })).toBe(false);
    expect(evaluate(P.between('priority', 1, { $auth: 'rank' }), row, { auth: { rank: 3 } })).toBe(true);
    const negative = P.notEqual('owner.id', { $auth: 'sub' });
    expect(evaluate(negative, row, { auth: { sub: 'u2' } })).toBe(true);
    const [listed, all] = [P.in('done', [{ $auth: 'x' }]), P.and(P.not(mine))];
    for (const node of [mine, teams, P.not(mine), P.not(teams), negative, all, listed]) {
      expect(evaluate(node, row)).toBe(false);
      expect(evaluate(node, row, { auth: { __proto__: { sub: 'u1' } } })).toBe(false);
    }
    expect(evaluate(P.or(yes, mine), row)).toBe(true);
    expect(evaluate(P.not(P.and(mine, no)), row)).toBe(true);
  });
});
