import { describe, expect, it } from 'vitest';
import { profiles, STANDARD } from '../src/profiles/index.js';
import { SEEDS_FOR_ALL_POINTS, unreached } from '../src/run/report.js';
import { addResult, noTotals } from '../src/run/Totals.js';
import { simulate } from '../src/simulate.js';
import { points } from '../src/sometimes/index.js';

const PREFIX = 'sometimes ';

describe('[SIM-8] points that runs must reach', () => {
  it('are at least thirty, each with a name of its own', () => {
    expect(points.length).toBeGreaterThanOrEqual(30);
    expect(new Set(points.map(({ name }) => name)).size).toBe(points.length);
    const known = new Set(profiles.map(({ name }) => name));
    for (const point of points) for (const name of point.profiles ?? []) expect(known).toContain(name);
  });

  it('are counted under names that are on the list', async () => {
    const names = new Set(points.map(({ name }) => name));
    const totals = noTotals();
    for (let seed = 1; seed <= 10; seed++) addResult(totals, await simulate(seed));
    const counted = Object.keys(totals.counts).filter((count) => count.startsWith(PREFIX));
    expect(counted.length).toBeGreaterThan(20);
    for (const count of counted) expect(names).toContain(count.slice(PREFIX.length));
  }, 600_000);

  it('fail a long run that never came there', () => {
    const totals = noTotals();
    totals.seeds = SEEDS_FOR_ALL_POINTS - 1;
    expect(unreached(totals, STANDARD)).toEqual([]);
    totals.seeds++;
    const [first, ...rest] = points.filter(({ profiles: of }) => of === undefined);
    for (const { name } of rest) totals.counts[PREFIX + name] = 1;
    expect(unreached(totals, STANDARD).filter((name) => name === first?.name)).toEqual([first?.name]);
  });
});
