import { hashString } from '@topgun/core';
import { expect, it } from 'vitest';
import { itemIdOf } from '../itemId.js';
import type { StorageHarness } from '../StorageHarness.js';
import type { Store, StoreBoot, StoredRecord } from '../Store.js';
import { compareOffsets } from '../Store.js';
import { drawScript, SCRIPTS_PER_STORE } from './drawScript.js';
import type { Question, Script } from './Script.js';
import { ScriptModel } from './ScriptModel.js';

/** What every store answers to the first scripts, as one number: stores that differ in one answer differ in it. */
const STANDARD = { count: 200, answers: 6_527_527_933_435_977 };

/** How many scripts, and the first seed: `npm run test:stores -- --scripts 2000 --from 1`. */
const count = Number(process.env.TOPGUN_STORE_SCRIPTS || STANDARD.count);
const first = Number(process.env.TOPGUN_STORE_SCRIPT || 1);

/** So many at once: one flush for the commits of all. */
const AT_ONCE = Math.floor(SCRIPTS_PER_STORE / 2);

/** The same random scripts on every store, held against a model; part of `describeServerStorage`. */
export function itFollowsScripts(factory: () => Promise<StorageHarness>): void {
  it(`[STO-28] ${count} random scripts, the same for every store, are answered as the rules say`, async () => {
    let answers = 0;
    const end = first + count;
    for (let from = first; from < end; from += SCRIPTS_PER_STORE) {
      const harness = await factory();
      const stage = await Stage.open(harness);
      try {
        const until = Math.min(from + SCRIPTS_PER_STORE, end);
        for (let seed = from; seed < until; seed += AT_ONCE) {
          const seeds = Array.from({ length: Math.min(AT_ONCE, until - seed) }, (_, i) => seed + i);
          for (const sum of await stage.play(seeds)) answers = hashString(`${answers} ${sum}`);
        }
      } finally {
        await stage.close();
        await harness.dispose();
      }
    }
    if (count === STANDARD.count && first === 1) expect(answers).toBe(STANDARD.answers);
  }, 600_000);
}

/** One script while it is played. */
interface Run {
  readonly script: Script;
  readonly model: ScriptModel;
  /** made of all answers so far */
  sum: number;
}

/** Scripts on one store, side by side: each has partitions and facts of its own. */
class Stage {
  readonly #harness: StorageHarness;
  #store: Store;
  #boot: StoreBoot;

  private constructor(harness: StorageHarness, { store, boot }: { store: Store; boot: StoreBoot }) {
    this.#harness = harness;
    this.#store = store;
    this.#boot = boot;
  }

  static async open(harness: StorageHarness): Promise<Stage> {
    return new Stage(harness, await harness.open());
  }

  /** Gives for each a number made of all its answers. Fails where an answer is not that of the model. */
  async play(seeds: readonly number[]): Promise<readonly number[]> {
    const runs = seeds.map((seed): Run => ({ script: drawScript(seed), model: new ScriptModel(), sum: 0 }));
    const rounds = Math.max(...runs.map(({ script }) => script.steps.length));
    for (let at = 0; at < rounds; at++) {
      const due = runs.filter(({ script }) => script.steps[at] !== undefined);
      await this.#commitAll(due, at);
      await this.#reopen(
        due.filter(({ script }) => script.steps[at]?.do === 'reopen'),
        at,
      );
      for (const run of due) await this.#askAll(run, at, run.script.steps[at]?.asks ?? []);
    }
    await this.#reopen(runs, rounds);
    for (const run of runs) await this.#askAll(run, rounds, run.script.end);
    return runs.map(({ sum }) => sum);
  }

  close(): Promise<void> {
    return this.#store.close();
  }

  /** Those that are to end badly by themselves: the fault is for the next commit, whoever makes it. */
  async #commitAll(due: readonly Run[], at: number): Promise<void> {
    const together: Promise<void>[] = [];
    for (const run of due) {
      const step = run.script.steps[at];
      if (step?.do !== 'commit') continue;
      const commit = async (): Promise<void> => {
        expect(await this.#store.commit(step.batch), placeOf(run, at)).toBe(step.fault ?? 'committed');
        if (step.fault !== 'failed') run.model.commit(step.batch);
      };
      if (step.fault === undefined) together.push(commit());
      else {
        await Promise.all(together.splice(0));
        this.#harness.gate.failNext(step.fault);
        await commit();
      }
    }
    await Promise.all(together);
  }

  async #reopen(asking: readonly Run[], at: number): Promise<void> {
    if (asking.length === 0) return;
    const { incarnation } = this.#boot;
    await this.#store.close();
    ({ store: this.#store, boot: this.#boot } = await this.#harness.open());
    expect(this.#boot.incarnation).toBe(incarnation);
    for (const run of asking) expect(this.#bootOf(run.script), placeOf(run, at)).toEqual(run.model.boot());
  }

  async #askAll(run: Run, at: number, questions: readonly Question[]): Promise<void> {
    for (const question of questions) {
      const answer = ordered(await this.#ask(question));
      const place = `${placeOf(run, at)}: ${JSON.stringify(question)}`;
      expect(answer, place).toEqual(ordered(run.model.answer(question)));
      run.sum = hashString(`${run.sum} ${textOf(answer)}`);
    }
  }

  #bootOf({ pids, factPrefix }: Script): unknown {
    const { partitions, gc, meta } = this.#boot;
    const own = <V>(rows: ReadonlyMap<number, V>): ReadonlyMap<number, V> =>
      new Map([...rows].filter(([pid]) => pids.includes(pid)));
    return {
      partitions: own(partitions),
      gc: own(gc),
      meta: new Map([...meta].filter(([name]) => name.startsWith(factPrefix))),
    };
  }

  async #ask(question: Question): Promise<unknown> {
    const found: unknown[] = [];
    switch (question.ask) {
      case 'record':
        return this.#store.read(question.map, question.key, question.tag);
      case 'scan':
        await this.#store.scan(question.pid, (record) => found.push(record));
        return found;
      case 'changes': {
        const changes = await this.#store.changesSince(question.pid, question.after, question.limit);
        for (const [i, record] of changes.entries())
          if (i > 0) expect(compareOffsets(changes[i - 1] as StoredRecord, record)).toBeLessThanOrEqual(0);
        return changes;
      }
      case 'dedup': {
        const { pid, clientId, session } = question;
        const state = await this.#store.readDedup(pid, clientId, session);
        return state && { clientId, session, ...state };
      }
      case 'dedupRows':
        await this.#store.scanDedup(question.pid, (row) => found.push(row));
        return found;
    }
  }
}

const placeOf = ({ script: { seed } }: Run, at: number): string =>
  `script ${seed}, step ${at} (npm run test:stores -- --scripts 1 --from ${seed})`;

/** Where no order is promised, one that is the same everywhere. */
function ordered(answer: unknown): unknown {
  if (!Array.isArray(answer)) return answer;
  const idOf = (row: StoredRecord & { readonly clientId?: string; readonly session?: string }): string =>
    row.clientId === undefined ? itemIdOf(row) : `${row.clientId} ${row.session}`;
  return answer.toSorted((a, b) => (idOf(a) < idOf(b) ? -1 : 1));
}

/** JSON with the fields of every object by name. */
function textOf(answer: unknown): string {
  return (
    JSON.stringify(answer, (_, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : value,
    ) ?? ''
  );
}
