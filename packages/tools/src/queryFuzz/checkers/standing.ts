import { StandingIndex } from '@topgun/core';
import { verdict } from '@topgun/sim/internal/oracle/verdict';
import { type Checker, Difference } from '../Checker.js';

/** Standing queries are found by every value that they match, also when others stand beside them and go again. */
export const standing: Checker = {
  name: 'standing queries',
  check({ query, policies }, { states }) {
    const index = new StandingIndex<number>();
    const wheres = [query.where, ...policies.map(({ where }) => where)];
    for (const [id, where] of wheres.entries()) index.add(id, where);
    for (const gone of [undefined, 1, 0]) {
      if (gone !== undefined) index.remove(gone);
      for (const rows of states) {
        for (const [key, value] of rows) {
          const found = new Set<number>();
          index.candidates(value, (id) => found.add(id));
          for (const [id, where] of wheres.entries()) {
            const isGone = gone !== undefined && (id === gone || id === 1);
            const matches = !isGone && (where === undefined || verdict(where, value, {}) === true);
            if (matches && !found.has(id))
              throw new Difference(`query ${id} by the row ${key}`, 'not found', 'found');
            if (isGone && found.has(id))
              throw new Difference(`query ${id} by the row ${key}`, 'found', 'gone');
          }
        }
      }
    }
  },
};
