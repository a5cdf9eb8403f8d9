import type { Case } from './Case.js';
import { type Checker, Difference, type Expected } from './Checker.js';
import { checkers } from './checkers/index.js';
import { drawCase } from './draw/drawCase.js';
import { expectedOf } from './expect.js';
import type { PostgresOracle } from './sql/PostgresOracle.js';
import { Tally } from './Tally.js';

/** What is wrong with a case: who disagrees with the oracle, and on what. */
export interface Fault {
  readonly checker: string;
  readonly what: string;
}

/** The name of PostgreSQL among the checkers. */
const POSTGRES = 'PostgreSQL';

/** Cases that PostgreSQL is asked about in one round trip. */
const CASES_AT_ONCE = 50;

/** The first thing wrong with a case, apart from what PostgreSQL says. */
export function faultIn(
  one: Case,
  expected: Expected = expectedOf(one),
  { by = checkers, note = () => undefined }: Looking = {},
): Fault | undefined {
  for (const { name, check } of by) {
    try {
      check(one, expected, note);
    } catch (error) {
      // What throws is as wrong as what differs.
      const what = error instanceof Difference ? error.message : String((error as Error).stack);
      return { checker: name, what };
    }
  }
  return undefined;
}

/** Who looks, all by default, and who is told of what is worth counting. */
interface Looking {
  readonly by?: readonly Checker[];
  readonly note?: (what: string) => void;
}

/** The first thing wrong with a case, PostgreSQL's word included. */
export async function judge(one: Case, postgres: PostgresOracle): Promise<Fault | undefined> {
  const expected = expectedOf(one);
  const fault = faultIn(one, expected);
  if (fault !== undefined) return fault;
  const what = (await postgres.check([[one, expected]])).faults.get(0);
  return what === undefined ? undefined : { checker: POSTGRES, what };
}

/** Runs the cases of seeds from `from` on, and tells each fault as it is found. */
export async function runSeeds(
  { from, count }: { readonly from: number; readonly count: number },
  postgres: PostgresOracle,
  onFault: (seed: number, fault: Fault) => void,
): Promise<Tally> {
  const tally = new Tally();
  // PostgreSQL answers about one batch of cases while the next one is run here.
  let asked = Promise.resolve();
  for (let first = from; first < from + count; first += CASES_AT_ONCE) {
    const seeds = Array.from(
      { length: Math.min(CASES_AT_ONCE, from + count - first) },
      (_, at) => first + at,
    );
    const cases = seeds.map((seed) => {
      const one = drawCase(seed);
      const expected = expectedOf(one);
      tally.note(one, expected);
      const fault = faultIn(one, expected, { note: (what) => tally.add(what) });
      if (fault !== undefined) onFault(seed, fault);
      return [one, expected] as const;
    });
    await asked;
    asked = postgres.check(cases).then((said) => {
      tally.noteSql(said);
      for (const [at, what] of said.faults) onFault(first + at, { checker: POSTGRES, what });
    });
  }
  await asked;
  return tally;
}
