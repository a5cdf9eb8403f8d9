import { readdirSync, readFileSync } from 'node:fs';
import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Case } from '../src/queryFuzz/Case.js';
import { caseOfText, textOfCase } from '../src/queryFuzz/caseText.js';
import { checkers } from '../src/queryFuzz/checkers/index.js';
import { drawCase } from '../src/queryFuzz/draw/drawCase.js';
import { OPS } from '../src/queryFuzz/draw/predicates.js';
import { expectedOf } from '../src/queryFuzz/expect.js';
import { faultIn, judge, runSeeds } from '../src/queryFuzz/runCases.js';
import { shrink } from '../src/queryFuzz/shrink.js';
import { PostgresOracle } from '../src/queryFuzz/sql/PostgresOracle.js';
import type { Tally } from '../src/queryFuzz/Tally.js';
import { plants } from './queryFuzzPlants.js';

const CASES = new URL('../src/queryFuzz/cases/', import.meta.url);
const SEEDS = 250;
/** Against hanging, and long: a busy machine takes a minute. */
const DEADLINE_MS = 300_000;

let postgres: Postgres;
let oracle: PostgresOracle;
beforeAll(async () => {
  postgres = await startPostgres();
  oracle = await PostgresOracle.connect(postgres.url);
});
afterAll(async () => {
  await oracle.close();
  await postgres.stop();
});

describe('random queries', () => {
  it(
    '[FUZZ-1] every way to answer agrees with the oracle and with PostgreSQL; [FUZZ-3] the cases reach what they are for',
    async () => {
      const faults: string[] = [];
      const tally = await runSeeds({ from: 1, count: SEEDS }, oracle, (seed, { checker, what }) => {
        faults.push(`seed ${seed}: ${checker}: ${what}`);
      });
      expect(faults).toEqual([]);
      expect(reached(tally)).toEqual([]);
    },
    DEADLINE_MS,
  );

  it('[FUZZ-2] a seed draws the same case each time, and a file holds it', () => {
    for (const seed of [1, 2, 3]) {
      expect(textOfCase(drawCase(seed))).toBe(textOfCase(drawCase(seed)));
      expect(caseOfText(textOfCase(drawCase(seed)))).toEqual(drawCase(seed));
    }
    expect(textOfCase(drawCase(1))).not.toBe(textOfCase(drawCase(2)));
  });

  it.each(readdirSync(CASES))('[FUZZ-4] the case %s, which once failed, is sound', async (name) => {
    expect(await judge(caseNamed(name), oracle)).toBeUndefined();
  });

  it.each(plants)(
    '[FUZZ-5] finds within $seeds seeds that $name',
    async ({ name, seeds, checker, plant }) => {
      const restore = plant();
      try {
        const by = checkers.filter((known) => known.name === checker);
        const fails = (one: Case) => faultIn(one, expectedOf(one), { by }) !== undefined;
        let seed = 1;
        while (seed <= seeds && !fails(drawCase(seed))) seed++;
        expect(seed).toBeLessThanOrEqual(seeds);
        const small = await shrink(drawCase(seed), async (one) => fails(one));
        expect(fails(small)).toBe(true);
        expect(small.rows.length + small.batches.flat().length).toBeLessThanOrEqual(4);
        expect(fails(caseNamed(`${name.replaceAll(' ', '-')}.json`))).toBe(true);
      } finally {
        restore();
      }
    },
  );

  it('[FUZZ-5] finds with PostgreSQL that the oracle itself is wrong', async () => {
    const one = drawCase(7);
    const wrong = {
      ...one,
      query: {},
      rows: [['k0', { a: 1 }]] as const,
      batches: [],
      policies: one.policies.slice(0, 1),
    };
    const expected = {
      states: [new Map(wrong.rows)],
      of: [{ who: one.who[0] as (typeof one.who)[0], seen: [wrong.rows], answers: [[]] }],
    };
    const said = await oracle.check([
      [{ ...wrong, policies: [{ role: 'user', map: 'm', actions: ['READ'] }] }, expected],
    ]);
    expect(said.faults.get(0)).toContain('PostgreSQL');
  });
});

function caseNamed(name: string): Case {
  return caseOfText(readFileSync(new URL(name, CASES), 'utf8'));
}

/** What the cases did not come to often enough; each of it is a way for them to prove nothing. */
function reached(tally: Tally): string[] {
  const shares: readonly (readonly [part: string, whole: string, atLeast: number])[] = [
    ['answers with rows', 'answers', 0.3],
    ['answers that fill the limit', 'answers', 0.1],
    ['answers with other rows than before', 'answers', 0.15],
    ['answers from rows of which some are hidden', 'answers', 0.2],
    ['questions to PostgreSQL', 'questions', 0.5],
    ['questions to PostgreSQL with order and limit', 'questions', 0.2],
  ];
  const rare = shares.filter(([part, whole, atLeast]) => tally.count(part) < atLeast * tally.count(whole));
  const unused = OPS.filter((op) => tally.count(`op ${op}`) < 5);
  const byIndex = ['lookup', 'range', 'order', 'union'].filter(
    (kind) => tally.count(`answers by ${kind}`) < 10,
  );
  return [
    ...byIndex,
    ...rare.map(([part]) => `${part}: ${tally.count(part)}`),
    ...unused.map((op) => `operator ${op}`),
  ];
}
