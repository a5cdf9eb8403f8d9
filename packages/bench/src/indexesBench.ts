import { IndexSet, type IndexSpec, normalizeQuery, type QuerySpec, runQuery } from '@topgun/core';
import type { Bar } from './coreBench.js';
import { type BenchRecord, benchKeys, benchRecord } from './records.js';
import { cpuSeconds, median } from './statistics.js';

const RECORDS = 100_000;
/** Runs per round; a scan costs some thousand times as much as a look at an index. */
const INDEXED_RUNS = 500;
const SCANS = 3;
const CHANGES = 10_000;

const indexes: readonly IndexSpec[] = [
  { kind: 'hash', path: 'owner' },
  { kind: 'ordered', path: 'updatedAt' },
  { kind: 'compound', paths: ['owner', 'updatedAt'] },
];
/** Each with the times by which it must beat a scan. */
const queries: readonly (readonly [name: string, spec: QuerySpec, times: number])[] = [
  ['200 of equal value', normalizeQuery({ where: { owner: 'user-7' } }), 50],
  [
    'a range of 100',
    normalizeQuery({ where: { updatedAt: { $between: [1_700_000_370_000, 1_700_000_373_663] } } }),
    100,
  ],
  ['first 20 of an order', normalizeQuery({ sort: { updatedAt: 'desc' }, limit: 20 }), 200],
  [
    'first 20 of equal value',
    normalizeQuery({ where: { owner: 'user-7' }, sort: { updatedAt: 'desc' }, limit: 20 }),
    100,
  ],
];

/** Queries on 100,000 records with indexes and by scan, and what the indexes cost each change. CPU time. */
export function indexesBench(rounds: number): Bar[] {
  const rows = new Map<string, BenchRecord>(benchKeys(RECORDS).map((key, i) => [key, benchRecord(i)]));
  const figures = new Map<string, number[]>();
  const note = (name: string, us: number): void => {
    figures.set(name, [...(figures.get(name) ?? []), us]);
  };
  for (let round = 0; round < rounds; round++) {
    const set = new IndexSet(rows);
    for (const spec of indexes) set.declare(spec);
    note('build', (cpuSeconds(() => set.buildSome(Infinity)) * 1e6) / RECORDS);
    for (const [name, spec] of queries) {
      note(
        `${name}, scan`,
        perRun(SCANS, () => runQuery(spec, rows)),
      );
      note(
        name,
        perRun(INDEXED_RUNS, () => set.run(spec)),
      );
    }
    const keys = [...rows.keys()];
    let salt = 0;
    note(
      'change',
      perRun(CHANGES, () => changeOne(set, rows, keys[(salt * 7_919) % RECORDS] as string, ++salt)),
    );
    for (const [i, key] of keys.entries()) rows.set(key, benchRecord(i));
  }
  const figure = (name: string): number => median(figures.get(name) ?? []);
  console.log(`Indexes: ${RECORDS} records, ${indexes.length} indexes; CPU µs`);
  console.log(`  ${'taken in by all three'.padEnd(26)}${figure('build').toFixed(1)} a record`);
  console.log(`  ${'changed in all three'.padEnd(26)}${figure('change').toFixed(1)} a change`);
  return queries.map(([name, , times]) => {
    const [indexed, scan] = [figure(name), figure(`${name}, scan`)];
    console.log(`  ${name.padEnd(26)}${indexed.toFixed(1)} with indexes, ${scan.toFixed(0)} by scan`);
    return {
      name: `index, ${name}: × faster than a scan ≥ ${times}`,
      value: scan / indexed,
      holds: scan / indexed >= times,
    };
  });
}

function perRun(runs: number, run: () => unknown): number {
  const work = (): void => {
    for (let i = 0; i < runs; i++) run();
  };
  return (cpuSeconds(work) * 1e6) / runs;
}

function changeOne(
  set: IndexSet<BenchRecord>,
  rows: Map<string, BenchRecord>,
  key: string,
  salt: number,
): void {
  const old = rows.get(key);
  const now = benchRecord(salt, salt);
  rows.set(key, now);
  set.changed(key, old, now);
}
