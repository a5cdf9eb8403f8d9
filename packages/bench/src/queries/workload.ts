/** A row of this workload: the record of the others, whose owner and state the queries test. */
export interface QueryRecord {
  readonly title: string;
  readonly owner: string;
  readonly priority: number;
  readonly done: boolean;
  /** Different in every record, so that all contestants agree about the order. */
  readonly updatedAt: number;
}

/** `{ done: false, owner }`, sorted by one field, the first 20. */
export interface BenchQuery {
  readonly owner: string;
  readonly sort: keyof QueryRecord;
  readonly direction: 'asc' | 'desc';
}

export const LIMIT = 20;
const FIRST_MS = 1_700_000_000_000;
const SORTS = ['updatedAt', 'title', 'priority', 'owner', 'done'] as const;

export interface Workload {
  readonly records: readonly (readonly [key: string, record: QueryRecord])[];
  readonly queries: readonly BenchQuery[];
  /** The write number `i`; each changes a record that it draws by its own seed. */
  write(i: number): readonly [key: string, record: QueryRecord];
  /** What a query shows after the writes so far, by a run over all records. */
  expected(query: BenchQuery): readonly string[];
}

/**
 * `perOwner` queries for each owner that is asked about, in different orders, and records dealt out to all owners in turn:
 * `recordsPerOwner` to each, or all of them to those that are asked about. Writes change records of these. Of four writes two bring a
 * record to the top of its owner's list, one finishes or reopens it, one gives it to another owner.
 */
export function workload(
  recordCount: number,
  queryCount: number,
  perOwner = 1,
  recordsPerOwner?: number,
): Workload {
  const asked = Math.max(1, Math.round(queryCount / perOwner));
  const owners = recordsPerOwner === undefined ? asked : Math.round(recordCount / recordsPerOwner);
  const perAsked = Math.floor(recordCount / owners);
  const now: QueryRecord[] = [];
  const keyOf = (i: number): string => `k${String(i).padStart(7, '0')}`;
  for (let i = 0; i < recordCount; i++)
    now.push({
      title: `task number ${(i * 7919) % recordCount} of the day`,
      owner: `user-${i % owners}`,
      priority: (i * 31) % 1000,
      done: i % 3 === 0,
      updatedAt: FIRST_MS + i * 37,
    });
  const records = now.map((record, i) => [keyOf(i), record] as const);
  let state = 1;
  const draw = (below: number): number => {
    // Numerical Recipes' generator; its high bits are good enough to pick records.
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  return {
    records,
    queries: Array.from({ length: queryCount }, (_, i) => ({
      owner: `user-${Math.floor(i / perOwner)}`,
      sort: SORTS[Math.floor((i % perOwner) / 2)] ?? 'updatedAt',
      direction: (i % perOwner) % 2 === 0 ? 'desc' : 'asc',
    })),
    write(i) {
      const at = owners === asked ? draw(recordCount) : draw(perAsked) * owners + draw(asked);
      const before = now[at] as QueryRecord;
      const record: QueryRecord =
        i % 4 < 2
          ? { ...before, done: false, updatedAt: FIRST_MS + (recordCount + i) * 37 }
          : i % 4 === 2
            ? { ...before, done: !before.done }
            : { ...before, owner: `user-${draw(asked)}` };
      now[at] = record;
      return [keyOf(at), record];
    },
    expected({ owner, sort, direction }) {
      const sign = direction === 'desc' ? -1 : 1;
      const order = (a: unknown, b: unknown): number =>
        (a as number) < (b as number) ? -1 : a === b ? 0 : 1;
      return now
        .flatMap((record, i) => (!record.done && record.owner === owner ? [i] : []))
        .sort((a, b) => sign * order(now[a]?.[sort], now[b]?.[sort]) || a - b)
        .slice(0, LIMIT)
        .map(keyOf);
    },
  };
}
