import { describe, expect, it } from 'vitest';
import { normalizeQuery, type QueryFilter } from '../normalizeQuery.js';
import { where } from '../where.js';

interface Todo {
  title: string;
  done: boolean;
  priority: 1 | 2 | 3;
  state: 'open' | 'shut';
  size: bigint;
  due?: Date;
  note: string | null;
  owner: { id: string; team?: { name: string } };
  tags: string[];
  steps: readonly { text: string; minutes: number }[];
  'a.b': number;
  'back\\slash': number;
  extra: Record<string, number>;
}

/** What a program that follows the types can write is a query too. */
const taken = <T>(...filters: readonly QueryFilter<T>[]): void => {
  for (const filter of filters)
    expect(() => normalizeQuery(filter, { regex: { compile: () => () => true } })).not.toThrow();
};

// What `@ts-expect-error` stands over is refused by the compiler, which `check:types` runs over tests: a mistake that it
// takes fails there.
describe('filters of a type', () => {
  it('[WHERE-3] take its paths and what their values compare with', () => {
    taken<Todo>(
      { where: { done: false, 'owner.id': 'u1' }, sort: { priority: 'desc', 'owner.id': 'asc' }, limit: 20 },
      { where: { title: { $like: 'a%', $regex: '^a', $flags: 'i', $match: 'a', $prefix: true } } },
      { where: { priority: { $gte: 2, $lt: 10 }, size: { $gt: 3 }, state: { $gt: 'a' } } },
      { where: { due: { $between: [new Date(0), new Date(1)], $exists: true } } },
      { where: { note: null, 'owner.team.name': { $in: ['a', 'b'] } } },
      { where: { tags: { $contains: 'a', $containsAll: ['a'], $containsAny: [], $match: 'a' } } },
      {
        where: {
          'tags.0': 'a',
          'steps.1.minutes': { $lt: 5 },
          steps: { $contains: { text: '', minutes: 1 } },
        },
      },
      { where: { 'a\\.b': 1, 'back\\\\slash': 2, 'extra.anything': { $gt: 1 } } },
      { where: { $or: [{ done: true }, { $not: { title: 'x' } }], title: { $not: { $like: 'x' } } } },
      { sort: [['steps.0.text', 'asc']] },
    );
  });

  it('[WHERE-3] refuse other paths, operands and operators', () => {
    const refused: QueryFilter<Todo>[] = [
      // @ts-expect-error there is no such field
      { where: { titel: 'a' } },
      // @ts-expect-error nor below
      { where: { 'owner.name': 'a' } },
      // @ts-expect-error a dot in a name stands behind a backslash
      { where: { 'a.b': 1 } },
      // @ts-expect-error a number is no truth
      { where: { done: 1 } },
      // @ts-expect-error not one of the literals
      { where: { state: 'ajar' } },
      // @ts-expect-error this field is never null
      { where: { title: null } },
      // @ts-expect-error what may be missing is found by $exists
      { where: { due: undefined } },
      // @ts-expect-error numbers have no patterns
      { where: { priority: { $like: 'a' } } },
      // @ts-expect-error nor words
      { where: { priority: { $match: 'a' } } },
      // @ts-expect-error truths contain nothing
      { where: { done: { $contains: true } } },
      // @ts-expect-error items are texts
      { where: { tags: { $contains: 1 } } },
      // @ts-expect-error lists are not ordered among texts
      { where: { tags: { $gt: 'a' } } },
      // @ts-expect-error two bounds
      { where: { priority: { $between: [1] } } },
      // @ts-expect-error there is no such operator
      { where: { title: { $near: 'a' } } },
      // @ts-expect-error junctions are typed too
      { where: { $or: [{ titel: 'a' }] } },
      // @ts-expect-error below `$not` too
      { where: { title: { $not: { $like: 1 } } } },
      // @ts-expect-error orders by what is there
      { sort: { titel: 'asc' } },
      // @ts-expect-error one way or the other
      { sort: [['title', 'up']] },
    ];
    expect(refused).toHaveLength(18);
  });

  it('[WHERE-3] without a type take anything', () => {
    const loose: QueryFilter = { where: { anything: { $gt: 1 }, 'a.b': [1] }, sort: { c: 'asc' } };
    taken<unknown>(loose);
    taken<Record<string, unknown>>({ where: { anything: { $like: 'a' } }, sort: [['c', 'asc']] });
    taken<object>({ where: { anything: 1 } });
    taken({ where: { anything: 1 } });
  });

  it('[WHERE-3] of scalars, unions and types that contain themselves', () => {
    type Tree = { name: string; left?: Tree; right?: Tree };
    type Shape = { kind: 'disc'; radius: number } | { kind: 'box'; width: number; radius?: string };
    taken<number>({ where: { '': { $gt: 3 } } });
    taken<Tree>({ where: { 'left.left.right.left.name': 'x', 'left.left.left.left.left.left.name': 'x' } });
    taken<Shape>({ where: { kind: 'box', width: 1, radius: { $in: [1, '1'] } } });
    taken<{ disc: number } | { box: string }>({ where: { disc: 1, box: { $like: 'a' } } });
    // @ts-expect-error and nothing else
    taken<{ disc: number } | { box: string }>({ where: { cone: 1 } });
    // @ts-expect-error a text is no number
    taken<number>({ where: { '': { $gt: '3' } } });
    // @ts-expect-error there is no such branch
    taken<Tree>({ where: { 'left.middle.name': 'x' } });
    // @ts-expect-error nor such a kind
    taken<Shape>({ where: { kind: 'cone' } });
  });

  it('[WHERE-3] where() takes its type from where the filter goes', () => {
    const open: QueryFilter<Todo> = where({ done: false }, { sort: { title: 'asc' }, limit: 3 });
    expect(open).toEqual({ where: { done: false }, sort: { title: 'asc' }, limit: 3 });
    expect(where<Todo>({ 'owner.id': 'u1' })).toEqual({ where: { 'owner.id': 'u1' } });
    // @ts-expect-error a number is no truth
    const wrong: QueryFilter<Todo> = where({ done: 1 });
    // @ts-expect-error orders by what is there
    const worse: QueryFilter<Todo> = where({ done: true }, { sort: { titel: 'asc' } });
    expect([wrong, worse]).toHaveLength(2);
  });
});
