import type { PredicateNode } from '@topgun/core';
import type { Case } from './Case.js';
import type { Expected } from './Checker.js';
import type { SqlVerdict } from './sql/PostgresOracle.js';

/** What the cases of a run came to: that they differ, match something, hide something, and cut something off. */
export class Tally {
  readonly counts = new Map<string, number>();

  count(name: string): number {
    return this.counts.get(name) ?? 0;
  }

  note(one: Case, { states, of }: Expected): void {
    const { query, batches } = one;
    this.add('cases');
    this.add('changes', batches.flat().length);
    if (query.after !== undefined || query.before !== undefined) this.add('pages');
    for (const op of opsOf(query.where)) this.add(`op ${op}`);
    for (const { seen, answers } of of) {
      this.add('questions');
      for (const [at, rows] of answers.entries()) {
        this.add('answers');
        const before = answers[at - 1];
        if (rows.length > 0) this.add('answers with rows');
        if (rows.length === query.limit) this.add('answers that fill the limit');
        if ((seen[at]?.length ?? 0) < (states[at]?.size ?? 0))
          this.add('answers from rows of which some are hidden');
        if (
          before !== undefined &&
          JSON.stringify(before.map(([key]) => key)) !== JSON.stringify(rows.map(([key]) => key))
        )
          this.add('answers with other rows than before');
      }
    }
  }

  noteSql({ asked, ordered, inexpressible }: SqlVerdict): void {
    this.add('questions to PostgreSQL', asked);
    this.add('questions to PostgreSQL with order and limit', ordered);
    for (const [why, count] of inexpressible) this.add(`not for SQL: ${why}`, count);
  }

  /** One line per count. */
  toString(): string {
    const lines = [...this.counts].sort(([a], [b]) => (a < b ? -1 : 1));
    return lines.map(([name, count]) => `${String(count).padStart(9)}  ${name}`).join('\n');
  }

  add(name: string, count = 1): void {
    this.counts.set(name, this.count(name) + count);
  }
}

function opsOf(node: PredicateNode | undefined): string[] {
  if (node === undefined) return [];
  if (node.op === 'not') return [node.op, ...opsOf(node.child)];
  return 'children' in node ? [node.op, ...node.children.flatMap(opsOf)] : [node.op];
}
