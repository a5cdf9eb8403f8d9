import { answerOf } from '@topgun/sim/internal/oracle/answerOf';
import { untag } from '@topgun/sim/internal/oracle/taggedJson';
import pg from 'pg';
import type { Case, Row, Who } from '../Case.js';
import { Difference, type Expected } from '../Checker.js';
import { assertSameRows } from '../expect.js';
import { FUNCTIONS } from './functions.js';
import { Inexpressible } from './Inexpressible.js';
import { querySql } from './querySql.js';

/** What PostgreSQL said of some cases. */
export interface SqlVerdict {
  /** What is wrong, by the place of the case; cases that agree are missing. */
  readonly faults: ReadonlyMap<number, string>;
  /** Questions put, and those of them whose order and limit were SQL's too. */
  readonly asked: number;
  readonly ordered: number;
  /** Questions that SQL cannot put as we mean them, by the reason. */
  readonly inexpressible: ReadonlyMap<string, number>;
}

interface Question {
  readonly at: number;
  readonly who: Who;
  readonly text: string;
  readonly expected: readonly Row[];
}

/** A real PostgreSQL that answers the same queries on the same rows, each case in its last state. */
export class PostgresOracle {
  readonly #client: pg.Client;

  private constructor(client: pg.Client) {
    this.#client = client;
  }

  static async connect(url: string): Promise<PostgresOracle> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(FUNCTIONS);
    return new PostgresOracle(client);
  }

  async close(): Promise<void> {
    await this.#client.end();
  }

  /** Asks about all cases in one round trip. */
  async check(cases: readonly (readonly [one: Case, expected: Expected])[]): Promise<SqlVerdict> {
    const inexpressible = new Map<string, number>();
    const questions: Question[] = [];
    let ordered = 0;
    for (const [at, [one, expected]] of cases.entries()) {
      for (const { who, seen, answers } of expected.of) {
        try {
          const { text, isOrdered } = querySql(one, who, [...(expected.states.at(-1) ?? [])]);
          const { where } = one.query;
          const answer = isOrdered
            ? answers.at(-1)
            : answerOf(where === undefined ? {} : { where }, seen.at(-1) ?? []);
          questions.push({ at, who, text, expected: answer ?? [] });
          ordered += Number(isOrdered);
        } catch (error) {
          if (!(error instanceof Inexpressible)) throw error;
          inexpressible.set(error.message, (inexpressible.get(error.message) ?? 0) + 1);
        }
      }
    }
    const faults = new Map<number, string>();
    for (const [at, found] of (await this.#ask(questions)).entries()) {
      const { at: place, who, text, expected } = questions[at] as Question;
      try {
        assertSameRows(`PostgreSQL for ${who.sub}: ${text}`, found, expected);
      } catch (error) {
        if (!(error instanceof Difference)) throw error;
        faults.set(place, error.message);
      }
    }
    return { faults, asked: questions.length, ordered, inexpressible };
  }

  async #ask(questions: readonly Question[]): Promise<Row[][]> {
    if (questions.length === 0) return [];
    // Several statements in one query give a list of results, one gives the result itself.
    const text = ['select', ...questions.map((question) => question.text)].join(';\n');
    const answers = (await this.#client.query(text)) as unknown as pg.QueryResult<{
      k: string;
      v: unknown;
    }>[];
    return answers.slice(1).map(({ rows }) => rows.map(({ k, v }) => [k, untag(v)] as const));
  }
}
