import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PermissionPolicy, type Policy, type Principal } from './PermissionPolicy.js';
import { DENIED } from './policy/Rights.js';

const ann: Principal = { sub: 'ann', roles: ['user'], claims: { team: 'red' } };
const allows = (policy: PermissionPolicy, map: string, principal = ann): boolean =>
  policy.may(principal, map).view.project({ any: 1 }) !== undefined;
const reads = (map: string, role = 'user'): PermissionPolicy =>
  new PermissionPolicy([{ role, map, actions: ['READ'] }]);

describe('PermissionPolicy', () => {
  it('[PERM-1] denies what no policy allows', () => {
    const none = new PermissionPolicy([]);
    const { view, canPut, canRemove } = none.may(ann, 'todos');
    expect([view.isBlind, view.project({ a: 1 }), canPut, canRemove]).toEqual([
      true,
      undefined,
      false,
      false,
    ]);
    expect(none.may(ann, 'todos').put({ a: 1 }, { a: 1 })).toBe(DENIED);
    expect(none.may(ann, 'todos').remove({ a: 1 })).toBe(false);
    expect(allows(reads('todos', 'admin'), 'todos')).toBe(false);
    expect(allows(reads('todos', '*'), 'todos')).toBe(true);
    expect(reads('todos').may(ann, 'todos').put(undefined, 1)).toBe(DENIED);
    expect(reads('todos').may(ann, 'others').view.isBlind).toBe(true);
  });

  it.each([
    ['todos', ['todos'], ['todo', 'todos:x', 'todos/x', 'Todos']],
    ['rooms:*', ['rooms:1', 'rooms:a.b'], ['rooms', 'rooms:', 'rooms:1:2', 'rooms/1']],
    ['rooms/**', ['rooms/1', 'rooms/1/2:3'], ['rooms', 'rooms:1', 'roomsx/1']],
    ['users/{sub}/*', ['users/ann/x'], ['users/ben/x', 'users/{sub}/x', 'users/ann']],
    ['*', ['todos'], ['a:b', 'topic:news']],
    ['**', ['todos', 'a:b/c', 'topic:news'], []],
  ])('[PERM-5] %s names maps by segments', (pattern, matching, others) => {
    for (const map of matching) expect([map, allows(reads(pattern), map)]).toEqual([map, true]);
    for (const map of others) expect([map, allows(reads(pattern), map)]).toEqual([map, false]);
  });

  it('[PERM-5] a subject never widens a pattern', () => {
    for (const sub of ['*', '**', 'a/b', 'a:b', '']) {
      const principal = { ...ann, sub };
      for (const map of ['users/x/y', 'users/a/b', 'users/a:b/x', 'users/x', 'users//x']) {
        expect(allows(reads('users/{sub}/x'), map, principal)).toBe(false);
      }
    }
  });

  it('[PERM-5] segments can be claims: text, whole numbers, and the items of a list', () => {
    const claims = {
      team: 'red',
      no: 7,
      teams: ['blue', 'a/b', 5],
      org: { id: 'x' },
      half: 1.5,
      empty: '',
      star: '*',
    };
    const named = (pattern: string, map: string) => allows(reads(pattern), map, { ...ann, claims });
    for (const [pattern, map] of [
      ['t:{team}', 't:red'],
      ['t:{no}/x', 't:7/x'],
      ['t:{teams}', 't:blue'],
      ['t:{teams}', 't:5'],
      ['{org.id}/**', 'x/y/z'],
      ['{userId}', 'ann'],
      ['{roles}', 'user'],
    ] as const)
      expect([pattern, named(pattern, map)]).toEqual([pattern, true]);
    for (const [pattern, map] of [
      ['t:{team}', 't:blue'],
      ['t:{teams}', 't:a/b'],
      ['t:{half}', 't:1.5'],
      ['t:{none}', 't:undefined'],
      ['t:{empty}', 't:'],
      ['t:{star}', 't:red'],
      ['t:{org}', 't:[object Object]'],
      ['t:{constructor.name}', 't:Object'],
    ] as const)
      expect([pattern, named(pattern, map)]).toEqual([pattern, false]);
  });

  it.each(['user-{sub}', '{sub', '{}', '{a:b}', 'a{sub}b', '{sub}{team}', 'a**', ''])(
    '[PERM-5] %j is malformed',
    (pattern) => {
      expect(() => reads(pattern)).toThrow(expect.objectContaining({ code: 'POLICY_INVALID' }));
    },
  );

  it('[PERM-8] claims of any depth keep principals apart', () => {
    const policy = new PermissionPolicy([
      { role: 'user', map: 'm', actions: ['READ'], where: { op: 'eq', path: 'x', value: { $auth: 'deep' } } },
    ]);
    const of = (end: number) => {
      let deep: unknown = end;
      for (let i = 0; i < 100; i++) deep = { deep };
      return policy.may({ ...ann, claims: { deep } }, 'm').view.signature;
    };
    expect(of(1)).toBe(of(1));
    expect(of(1)).not.toBe(of(2));
  });

  it('[PERM-6] a write must meet one policy with the row before and the row after', () => {
    const policy = new PermissionPolicy([
      {
        role: 'user',
        map: 'm',
        actions: ['PUT', 'REMOVE'],
        where: { op: 'eq', path: 'by', value: { $auth: 'sub' } },
      },
      { role: 'user', map: 'm', actions: ['PUT'], where: { op: 'eq', path: 'open', value: true } },
    ]);
    const rights = policy.may(ann, 'm');
    const may = (old: unknown, next: unknown): boolean => rights.put(old, next) !== DENIED;
    expect(may(undefined, { by: 'ann' })).toBe(true);
    expect(may(undefined, { by: 'ben' })).toBe(false);
    expect(may({ by: 'ben' }, { by: 'ann' })).toBe(false);
    expect(may({ by: 'ann' }, { by: 'ben' })).toBe(false);
    expect(may({ by: 'ben', open: true }, { by: 'ann', open: false })).toBe(false);
    expect(may({ by: 'ben', open: true }, { by: 'ben', open: true, x: 1 })).toBe(true);
    expect(rights.remove({ by: 'ben' })).toBe(false);
    expect(rights.remove({ by: 'ann' })).toBe(true);
    expect(rights.remove(undefined)).toBe(true);
  });

  it('[PERM-7] under a mask fields outside are kept, naming one is denied, and removing is too', () => {
    const policy = new PermissionPolicy([
      { role: 'user', map: 'm', actions: ['PUT', 'REMOVE'], fields: ['text'] },
    ]);
    const rights = policy.may(ann, 'm');
    const put = (old: unknown, next: unknown): unknown => rights.put(old, next);
    expect(put({ text: 'a', by: 'ben' }, { text: 'b' })).toEqual({ text: 'b', by: 'ben' });
    expect(put({ text: 'a', by: 'ben' }, {})).toEqual({ by: 'ben' });
    expect(put({ text: 'a' }, { text: 'b', by: 'ann' })).toBe(DENIED);
    expect(put('scalar', { text: 'b' })).toBe(DENIED);
    expect(put({ text: 'a' }, 'scalar')).toBe(DENIED);
    expect(rights.remove({ text: 'a' })).toBe(false);
  });

  it('[PERM-7] a mask hides values without fields, and keeps odd names as fields', () => {
    const policy = new PermissionPolicy([
      { role: 'user', map: 'm', actions: ['READ'], fields: ['__proto__', 'a'] },
    ]);
    const odd = JSON.parse('{"__proto__": {"x": 1}, "b": 2}') as unknown;
    const { view } = policy.may(ann, 'm');
    expect(JSON.stringify(view.project(odd))).toBe('{"__proto__":{"x":1}}');
    for (const value of ['text', 5, [1], new Date(0), new Uint8Array(1)])
      expect(view.project(value)).toBeUndefined();
  });

  it('[PERM-8] views are equal exactly when they show the same', () => {
    const policies: Policy[] = [
      {
        role: 'user',
        map: 'm',
        actions: ['READ'],
        where: { op: 'eq', path: 'team', value: { $auth: 'team' } },
      },
      { role: 'admin', map: '**', actions: ['READ'] },
      { role: 'boss', map: 'm', actions: ['READ'] },
    ];
    const policy = new PermissionPolicy(policies);
    const signature = (principal: Principal, of = policy): string => of.may(principal, 'm').view.signature;
    const same = { ...ann, sub: 'zoe', claims: { team: 'red', other: 1 } };
    expect(signature(same)).toBe(signature(ann));
    expect(signature({ ...ann, claims: { team: 'blue' } })).not.toBe(signature(ann));
    expect(signature({ ...ann, claims: {} })).not.toBe(signature(ann));
    expect(signature({ ...ann, roles: ['admin'] })).toBe(signature({ ...ann, roles: ['boss', 'user'] }));
  });

  it('[PERM-8] claims under one name keep principals apart however the path is written', () => {
    for (const path of ['org.id', 'org\\.id', 'org', '']) {
      const policy = new PermissionPolicy([
        { role: 'user', map: 'm', actions: ['READ'], where: { op: 'eq', path: 'x', value: { $auth: path } } },
      ]);
      const of = (id: number) =>
        policy.may({ ...ann, claims: { org: { id }, 'org.id': id } }, 'm').view.signature;
      expect(of(1)).not.toBe(of(2));
      expect(of(1)).toBe(of(1));
    }
  });

  it('[PERM-1] says the same as a plain reading of the policies', () => {
    const value = fc.record({ by: fc.constantFrom('ann', 'ben'), n: fc.nat(3) });
    const policyArb: fc.Arbitrary<Policy> = fc.record({
      role: fc.constantFrom('user', 'admin', '*'),
      map: fc.constantFrom('m', '*', 'x'),
      actions: fc.constantFrom<Policy['actions']>(['READ'], ['PUT'], ['REMOVE'], ['READ', 'PUT', 'REMOVE']),
      where: fc.constantFrom<NonNullable<Policy['where']>>(
        { op: 'and', children: [] },
        { op: 'eq', path: 'by', value: { $auth: 'sub' } },
        { op: 'gt', path: 'n', value: 1 },
      ),
    });
    const holds = ({ where }: Policy, row: { by: string; n: number }): boolean =>
      where?.op === 'and' || (where?.op === 'eq' ? row.by === 'ann' : row.n > 1);
    fc.assert(
      fc.property(fc.array(policyArb, { maxLength: 4 }), value, value, (policies, old, next) => {
        const rights = new PermissionPolicy(policies).may(ann, 'm');
        const mine = policies.filter(({ role, map }) => role !== 'admin' && map !== 'x');
        const some = (action: Policy['actions'][number], ok: (policy: Policy) => boolean): boolean =>
          mine.some((policy) => policy.actions.includes(action) && ok(policy));
        expect(rights.view.project(old) !== undefined).toBe(some('READ', (p) => holds(p, old)));
        expect(rights.put(old, next) !== DENIED).toBe(some('PUT', (p) => holds(p, old) && holds(p, next)));
        expect(rights.remove(old)).toBe(some('REMOVE', (p) => holds(p, old)));
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    [{ role: '', map: 'm', actions: ['READ'] }],
    [{ role: 'user', map: 'a**', actions: ['READ'] }],
    [{ role: 'user', map: '**:a', actions: ['READ'] }],
    [{ role: 'user', map: 'a*', actions: ['READ'] }],
    [{ role: 'user', map: 'm', actions: ['WRITE'] }],
  ])('refuses a malformed policy: %j', (policy) => {
    // Policies arrive from configuration files, so the types may be wrong.
    expect(() => new PermissionPolicy([policy as Policy])).toThrow(
      expect.objectContaining({ code: 'POLICY_INVALID' }),
    );
  });
});
