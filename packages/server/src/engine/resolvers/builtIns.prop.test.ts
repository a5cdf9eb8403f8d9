import { deepEqual } from '@topgun/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { builtIns } from './builtIns.js';
import type { MergeContext, Resolution } from './Resolver.js';

type Name = Exclude<keyof typeof builtIns, 'LWW'>;

/** A write in a history of one key: what it says, who makes it, and how it stands to what it meets. */
interface Step {
  readonly value: unknown;
  readonly sub: string;
  readonly roles: readonly string[];
  readonly isCausal: boolean;
  readonly isBlind: boolean;
  readonly isNewer: boolean;
}

interface Standing {
  readonly value: unknown;
  readonly owner: string;
}

const step = (value: fc.Arbitrary<unknown>): fc.Arbitrary<Step> =>
  fc.record({
    value: fc.oneof({ weight: 6, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) }),
    sub: fc.constantFrom('ann', 'bob'),
    roles: fc.constantFrom(['user'], ['user', 'SERVER']),
    isCausal: fc.boolean(),
    isBlind: fc.boolean(),
    isNewer: fc.boolean(),
  });

const contextOf = (standing: Standing | undefined, { value, sub, roles, ...step }: Step): MergeContext => {
  const isCausal = step.isCausal && standing !== undefined;
  return {
    map: 'm',
    key: 'k',
    existing: standing,
    incoming: { value, ttlMs: undefined },
    isCausal,
    isBlind: step.isBlind && !isCausal,
    isLater: isCausal || step.isNewer || standing === undefined,
    principal: { sub, roles, claims: {} },
  };
};

/** What stands after a write, as the engine makes it of a resolution. */
function after(standing: Standing | undefined, said: Resolution, step: Step): Standing | undefined {
  if (said.action === 'keep' || said.action === 'reject') return standing;
  const value = said.action === 'merge' ? said.value : step.value;
  return value === undefined ? undefined : { value, owner: standing?.owner ?? step.sub };
}

/** Runs a history through a resolver and, beside it, through a model that says what should stand. */
function follow(
  name: Name,
  value: fc.Arbitrary<unknown>,
  model: (standing: Standing | undefined, context: MergeContext) => unknown | typeof REJECTED,
): void {
  fc.assert(
    fc.property(fc.array(step(value), { maxLength: 12 }), (steps) => {
      let standing: Standing | undefined;
      for (const one of steps) {
        const context = contextOf(standing, one);
        const before = structuredClone(standing);
        const said = builtIns[name](context);
        const expected = model(standing, context);
        if (expected === REJECTED) {
          expect(said.action).toBe('reject');
          expect(said.action === 'reject' && said.reason.length > 0 && said.reason.length <= 200).toBe(true);
        } else {
          expect(said.action).not.toBe('reject');
          expect(after(standing, said, one)?.value).toEqual(expected);
        }
        // Nothing that stands is changed in place.
        expect(standing).toEqual(before);
        standing = after(standing, said, one);
      }
    }),
  );
}

const REJECTED = Symbol('rejected');
const number = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(-3n, 4n));
const numberOrNot = fc.oneof({ weight: 5, arbitrary: number }, { weight: 1, arbitrary: fc.constant('no') });
const array = fc.array(
  fc.oneof(fc.integer({ min: 0, max: 4 }), fc.record({ x: fc.integer({ max: 1, min: 0 }) })),
  {
    maxLength: 4,
  },
);
const { tree } = fc.letrec<{ tree: object; node: unknown }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 2 },
    fc.integer({ max: 3, min: 0 }),
    fc.constant(null),
    fc.array(fc.nat(2)),
    tie('tree'),
  ),
  tree: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'), {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  }),
}));
const scalar = fc.oneof(fc.string({ maxLength: 2 }), fc.nat(3));

/** Removals of the resolvers that compare values: what the writer had seen, or blindly what is older. */
function removed(standing: Standing | undefined, { isCausal, isBlind, isLater }: MergeContext): unknown {
  if (isCausal) return undefined;
  return isBlind && isLater ? undefined : standing?.value;
}

describe('built-in resolvers', () => {
  it('[RSV-3] FIRST_WRITE_WINS keeps the first value until it is removed', () => {
    follow('FIRST_WRITE_WINS', scalar, (standing, context) => {
      if (context.incoming.value === undefined) return removed(standing, context);
      return standing === undefined ? context.incoming.value : standing.value;
    });
  });

  it('[RSV-3] NUMERIC_MIN and NUMERIC_MAX keep the least and the greatest number ever written', () => {
    for (const [name, sign] of [
      ['NUMERIC_MIN', 1],
      ['NUMERIC_MAX', -1],
    ] as const) {
      follow(name, numberOrNot, (standing, context) => {
        const { value } = context.incoming;
        if (value === undefined) return removed(standing, context);
        if (value === 'no') return REJECTED;
        if (standing === undefined) return value;
        const order = (Number(value) - Number(standing.value)) * sign;
        return order < 0 ? value : standing.value;
      });
    }
  });

  it('[RSV-3] NUMERIC_MIN, NUMERIC_MAX and ARRAY_UNION end alike whatever the order of arrival', () => {
    const shuffled = <T>(one: fc.Arbitrary<T>) =>
      fc
        .array(one, { minLength: 1, maxLength: 7 })
        .chain((list) =>
          fc.tuple(
            fc.constant(list),
            fc.shuffledSubarray(list, { minLength: list.length, maxLength: list.length }),
          ),
        );
    const end = (name: Name, values: readonly unknown[]): unknown => {
      let standing: Standing | undefined;
      for (const value of values) {
        const one: Step = { value, sub: 'ann', roles: [], isCausal: false, isBlind: false, isNewer: false };
        standing = after(standing, builtIns[name](contextOf(standing, one)), one);
      }
      return standing?.value;
    };
    const asSet = (list: unknown): unknown =>
      (list as unknown[]).map((element) => JSON.stringify(element)).sort();
    fc.assert(
      fc.property(shuffled(fc.integer()), shuffled(array), ([numbers, others], [lists, otherLists]) => {
        expect(end('NUMERIC_MIN', numbers)).toBe(Math.min(...others));
        expect(end('NUMERIC_MAX', numbers)).toBe(Math.max(...others));
        expect(asSet(end('ARRAY_UNION', lists))).toEqual(asSet(end('ARRAY_UNION', otherLists)));
      }),
    );
  });

  it('[RSV-3] NON_NEGATIVE rejects what is negative or no number, and is last-write-wins otherwise', () => {
    follow('NON_NEGATIVE', numberOrNot, (standing, context) => {
      const { value } = context.incoming;
      if (value === undefined) return removed(standing, context);
      if (value === 'no' || Number(value) < 0) return REJECTED;
      return context.isLater ? value : standing?.value;
    });
  });

  it('[RSV-3] ARRAY_UNION holds every element ever written once, in the order it came', () => {
    follow(
      'ARRAY_UNION',
      fc.oneof({ weight: 5, arbitrary: array }, { weight: 1, arbitrary: scalar }),
      (standing, context) => {
        const { value } = context.incoming;
        if (value === undefined) return removed(standing, context);
        if (!Array.isArray(value)) return REJECTED;
        const all = [...((standing?.value as unknown[] | undefined) ?? []), ...value];
        return all.filter((element, at) => all.findIndex((other) => deepEqual(other, element)) === at);
      },
    );
  });

  it('[RSV-3] DEEP_MERGE holds at every path what the later of the two has there', () => {
    const paths = (value: unknown, at = ''): Map<string, string> => {
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        return new Map([[at, JSON.stringify(value)]]);
      const found = new Map<string, string>();
      for (const [name, field] of Object.entries(value))
        for (const [path, leaf] of paths(field, `${at}/${name}`)) found.set(path, leaf);
      return found;
    };
    fc.assert(
      fc.property(tree, tree, fc.boolean(), (standing, value, isNewer) => {
        const one: Step = { value, sub: 'ann', roles: [], isCausal: false, isBlind: false, isNewer };
        const said = builtIns.DEEP_MERGE(contextOf({ value: standing, owner: 'ann' }, one));
        const merged = paths(said.action === 'merge' ? said.value : undefined);
        const [under, over] = isNewer ? [standing, value] : [value, standing];
        for (const [path, leaf] of paths(over)) expect(merged.get(path)).toBe(leaf);
        for (const [path, leaf] of paths(under)) {
          // A leaf of the earlier one stays unless the later one has something at its path, above or below it.
          const isCovered = [...paths(over).keys()].some(
            (other) => path === other || path.startsWith(`${other}/`) || other.startsWith(`${path}/`),
          );
          if (!isCovered) expect(merged.get(path)).toBe(leaf);
        }
        for (const [path, leaf] of merged)
          expect([paths(over).get(path), paths(under).get(path)]).toContain(leaf);
      }),
    );
  });

  it('[RSV-3] SERVER_ONLY takes writes of principals with the role SERVER alone', () => {
    follow('SERVER_ONLY', scalar, (standing, { incoming, isLater, principal }) => {
      if (!principal.roles.includes('SERVER')) return REJECTED;
      return isLater ? incoming.value : standing?.value;
    });
  });

  it('[RSV-3] OWNER_ONLY lets whoever created a record change it, and nobody else', () => {
    follow('OWNER_ONLY', scalar, (standing, { incoming, isLater, principal }) => {
      if (standing !== undefined && standing.owner !== principal.sub) return REJECTED;
      return isLater ? incoming.value : standing?.value;
    });
  });

  it('[RSV-3] IMMUTABLE never lets go of what was written', () => {
    follow('IMMUTABLE', scalar, (standing, { incoming }) => {
      if (standing === undefined) return incoming.value;
      return deepEqual(standing.value, incoming.value) ? standing.value : REJECTED;
    });
  });

  it('[RSV-3] VERSION_INCREMENT takes the next version and no other', () => {
    const versioned = fc.oneof(fc.record({ version: fc.integer({ min: 0, max: 3 }) }), scalar);
    follow('VERSION_INCREMENT', versioned, (standing, { incoming, isCausal }) => {
      if (incoming.value === undefined) return standing === undefined || isCausal ? undefined : REJECTED;
      const next = ((standing?.value as { version: number } | undefined)?.version ?? 0) + 1;
      return (incoming.value as { version?: number }).version === next ? incoming.value : REJECTED;
    });
  });
});
