import { IndexSet, type QuerySpec, type RowView } from '@topgun/core';
import type { Policy } from '@topgun/server/engine';
import { namesOf } from '@topgun/sim/internal/oracle/values';
import { MAP, type Who } from '../Case.js';
import type { Checker } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { readRules, seenBy } from '../oracle/answer.js';
import { PORTS } from '../ports.js';

/** Rows taken into the indexes after each change, so that changes come before, during and after a build. */
const BUILD_ROWS = 2;

/**
 * The indexes of a map, asked through the view of each principal: kept up to date through all batches, half of them declared on the
 * way; then every subset of them built anew, and one after the other dropped (IDX-1, IDX-2, IDX-7).
 */
export const indexSet: Checker = {
  name: 'indexes',
  check({ query, policies, rows, batches, indexes }, { of }, note) {
    const map = new Map(rows);
    const set = new IndexSet<unknown>(map, PORTS);
    const views = of.map(({ who }) => viewOf(who, policies, query));
    const compare = (asked: IndexSet<unknown>, at: number, what: string): void => {
      for (const [place, { who, answers }] of of.entries()) {
        const { rows: found, explanation } = asked.inspect(query, views[place]);
        note(`answers by ${explanation.path.kind}`);
        note(`answers sorted by ${explanation.sorting}`);
        assertSameRows(
          `${what} for ${who.sub} by ${explanation.path.kind} after batch ${at}`,
          found,
          answers[at] ?? [],
        );
      }
    };
    const half = Math.ceil(indexes.length / 2);
    for (const spec of indexes.slice(0, half)) set.declare(spec);
    compare(set, 0, 'unbuilt indexes');
    for (const [at, batch] of batches.entries()) {
      for (const [key, value] of batch) {
        const old = map.get(key);
        if (value === undefined) map.delete(key);
        else map.set(key, value);
        set.changed(key, old, value);
        set.buildSome(BUILD_ROWS);
      }
      compare(set, at + 1, 'growing indexes');
      if (at === 0) for (const spec of indexes.slice(half)) set.declare(spec);
    }
    set.buildSome(Infinity);
    const last = batches.length;
    compare(set, last, 'complete indexes');
    for (const subset of subsetsOf(indexes)) {
      const fresh = new IndexSet<unknown>(map, PORTS);
      for (const spec of subset) fresh.declare(spec);
      fresh.buildSome(Infinity);
      compare(fresh, last, `indexes ${JSON.stringify(subset)}`);
    }
    for (const { name } of set.indexes()) {
      set.drop(name);
      compare(set, last, `indexes without ${name}`);
    }
  },
};

function viewOf(
  who: Who,
  policies: readonly Policy[],
  { sort = [] }: QuerySpec,
): RowView<unknown> | undefined {
  const rules = readRules(policies);
  if (rules.some(({ map, where, fields }) => map === MAP && where === undefined && fields === undefined))
    return undefined;
  const isShown = (path: string): boolean => {
    const [name] = namesOf(path);
    return rules.every(({ fields }) => fields === undefined || (name !== undefined && fields.includes(name)));
  };
  return {
    see: (_, value) => seenBy(who, policies, value),
    ordered: sort.every(([path]) => isShown(path)),
  };
}

function subsetsOf<T>(list: readonly T[]): T[][] {
  return Array.from({ length: 2 ** list.length }, (_, bits) =>
    list.filter((__, at) => (bits >> at) % 2 === 1),
  );
}
