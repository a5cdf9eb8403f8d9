import { EVERYTHING, type Todo } from './model.js';

export type Count = { readonly active: number; readonly done: number };
export const noCount: Count = { active: 0, done: 0 };

/** Open and finished tasks per list key, and over all lists under `EVERYTHING`: one pass. */
export function countTodos(rows: readonly Todo[]): ReadonlyMap<string, Count> {
  const counts = new Map<string, { active: number; done: number }>();
  const total = { active: 0, done: 0 };
  counts.set(EVERYTHING, total);
  for (const row of rows) {
    let count = counts.get(row.list);
    if (count === undefined) {
      count = { active: 0, done: 0 };
      counts.set(row.list, count);
    }
    const field = row.done ? 'done' : 'active';
    count[field] += 1;
    total[field] += 1;
  }
  return counts;
}
