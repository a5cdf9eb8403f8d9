import { AggregateView, normalizeAggregate } from '@topgun/core';
import { exactText } from '@topgun/sim/internal/oracle/taggedJson';
import { verdict } from '@topgun/sim/internal/oracle/verdict';
import { type Checker, Difference } from '../Checker.js';
import { seenBy } from '../oracle/answer.js';
import { type Group, groupsOf } from '../oracle/groups.js';

/** Aggregates that are told of every change, against adding all rows up anew (AGG-4). The limit of the query plays no part. */
export const aggregates: Checker = {
  name: 'aggregates',
  check({ query: { where }, policies, batches, grouping }, { of }) {
    if (grouping === undefined) return;
    const { spec } = normalizeAggregate(grouping);
    for (const { who, seen } of of) {
      const view = new AggregateView(spec);
      const keys = new Map<string, string>();
      const rows = new Map<string, unknown>();
      const take = (key: string, value: unknown): void => {
        const now =
          value !== undefined && (where === undefined || verdict(where, value, {}) === true)
            ? value
            : undefined;
        view.change(rows.get(key), now);
        if (now === undefined) rows.delete(key);
        else rows.set(key, now);
      };
      const compare = (at: number): void => {
        const [found, expected] = [view.rows().map(withoutKey), groupsOf(grouping, [...rows])];
        const [a, b] = [found.map(exactText).join('\n'), expected.map(exactText).join('\n')];
        if (a !== b) throw new Difference(`the groups of ${who.sub} after batch ${at}`, a, b);
        assertKeys(view.rows(), spec.groupBy, keys);
      };
      for (const [key, value] of seen[0] ?? []) take(key, value);
      compare(0);
      for (const [at, batch] of batches.entries()) {
        for (const [key, value] of batch)
          take(key, value === undefined ? undefined : seenBy(who, policies, value));
        compare(at + 1);
      }
    }
  },
};

const withoutKey = ({ _key, ...group }: Group): Group => group;

/** A group has its key for itself, and keeps it as long as it shows the same values. */
function assertKeys(groups: readonly Group[], paths: readonly string[], keys: Map<string, string>): void {
  for (const group of groups) {
    const name = exactText(paths.map((path) => [group[path] === undefined, group[path] ?? null]));
    const key = String(group._key);
    if ((keys.get(name) ?? key) !== key) throw new Difference(`the key of ${name}`, key, keys.get(name));
    keys.set(name, key);
  }
  const distinct = new Set(groups.map(({ _key }) => _key));
  if (distinct.size !== groups.length) throw new Difference('keys of groups', distinct.size, groups.length);
}
