import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import type {
  CommitBatch,
  DedupEntry,
  DedupRow,
  GcMarks,
  MetaRow,
  Offset,
  PartitionSlice,
  StoredRecord,
} from '../Store.js';
import { FORGOTTEN } from '../Store.js';
import { Draws } from './Draws.js';
import type { Question, Script, Step } from './Script.js';
import { ScriptModel } from './ScriptModel.js';

const STEPS_MIN = 4;
const STEPS_MAX = 14;
/** Opening anew is for all scripts of a store at once. */
const REOPENED = 5;
const QUESTIONS = 3;
const PIDS = 2;

/** So many scripts that follow each other share no partition, and may share a store. */
export const SCRIPTS_PER_STORE = Math.floor(PARTITION_COUNT / PIDS);

// Code units and code points order the last two differently.
const NODES = ['a', 'Z', '\uffff', '😀'] as const;
const ENDINGS = ['a', 'b', '\0', '🐢'] as const;
const VALUES = [undefined, undefined, 'x', 'y', 0, { n: 1 }] as const;

/** A key prefix for each partition. */
const TAGS: readonly string[] = (() => {
  const tags: string[] = [];
  for (let i = 0, found = 0; found < PARTITION_COUNT; i++) {
    const pid = partitionOf(`{${i}}`);
    if (tags[pid] !== undefined) continue;
    tags[pid] = `{${i}}`;
    found++;
  }
  return tags;
})();

/** What the drawing of a script knows of a partition, to ask nothing of a store that no engine asks. */
interface Course {
  readonly pid: number;
  high: Offset;
  /** Stamps lie above it: an engine stamps anew what is not later than what was purged (GC-1). */
  floor: number;
  /** What is written where a repaired deletion was purged comes after it. */
  repaired: number;
  /** Tags of OR maps are never used again. */
  purges: number;
  sessions: number;
}

/**
 * The script of a seed, the same wherever it is drawn. What an engine never does is left out: a stamp at or below what was purged, a
 * commit given again after a purge or after its session was forgotten.
 */
export function drawScript(seed: number): Script {
  const draws = new Draws(seed);
  const model = new ScriptModel();
  const courses = Array.from({ length: PIDS }, (_, i): Course => {
    const pid = (seed * PIDS + i) % (SCRIPTS_PER_STORE * PIDS);
    return { pid, high: { epoch: 1, n: 0 }, floor: 0, repaired: 0, purges: 0, sessions: 0 };
  });
  const factPrefix = `script:${seed}:`;
  const steps: Step[] = [];
  const count = draws.int(STEPS_MIN, STEPS_MAX);
  while (steps.length < count) {
    if (steps.length === REOPENED && draws.percent(60)) {
      steps.push({ do: 'reopen', asks: allOf(courses) });
      continue;
    }
    const batch = drawBatch(draws, courses, model, factPrefix);
    const fault = draws.percent(6) ? 'failed' : draws.percent(5) ? 'unknown' : undefined;
    if (fault !== 'failed') model.commit(batch);
    const step: Step = { do: 'commit', batch, ...(fault && { fault }), asks: drawQuestions(draws, courses) };
    const before = steps.at(-1);
    // Commits come in any order, and twice (STO-6).
    if (before !== undefined && maySwap(before) && maySwap(step) && draws.percent(20))
      steps.splice(-1, 1, step, before);
    else steps.push(step);
    if (maySwap(step) && draws.percent(10)) steps.push({ ...step, asks: drawQuestions(draws, courses) });
  }
  return { seed, pids: courses.map(({ pid }) => pid), factPrefix, steps, end: allOf(courses) };
}

/** Whether a step may change places with its neighbour, or come twice. Facts have the value of the last commit, so those with facts may not. */
function maySwap(step: Step): boolean {
  if (step.do !== 'commit' || step.fault !== undefined || step.batch.meta.length > 0) return false;
  return step.batch.slices.every(
    ({ gc, dedup }) => gc === undefined && dedup.every(({ settledBelow }) => settledBelow < FORGOTTEN),
  );
}

function drawBatch(
  draws: Draws,
  courses: readonly Course[],
  model: ScriptModel,
  factPrefix: string,
): CommitBatch {
  const written = courses.filter(() => draws.percent(70));
  const slices = (written.length > 0 ? written : courses.slice(0, 1)).map((course) =>
    drawSlice(draws, course, model),
  );
  const meta: MetaRow[] = [];
  for (const name of ['a', 'b\0'])
    if (draws.percent(15))
      meta.push({ name: factPrefix + name, value: draws.pick([null, 1, 'two', { three: [3] }]) });
  return { slices, meta };
}

function drawSlice(draws: Draws, course: Course, model: ScriptModel): PartitionSlice {
  const gc = draws.percent(14) ? drawPurge(draws, course, model) : undefined;
  if (draws.percent(10)) course.high = { epoch: course.high.epoch + 1, n: 0 };
  const records = new Map<string, StoredRecord>();
  for (let i = draws.int(0, 4); i > 0; i--) {
    // Those of one transaction share an offset.
    if (course.high.n === 0 || records.size === 0 || draws.percent(70))
      course.high = { ...course.high, n: course.high.n + draws.int(1, 2) };
    const record = drawRecord(draws, course);
    records.set(`${record.map} ${record.key} ${record.tag}`, record);
  }
  if (course.high.n === 0 || draws.percent(10)) course.high = { ...course.high, n: course.high.n + 1 };
  const dedup = draws.percent(50) ? [drawDedup(draws, course)] : [];
  return { pid: course.pid, high: course.high, records: [...records.values()], dedup, ...(gc && { gc }) };
}

function drawPurge(draws: Draws, course: Course, model: ScriptModel): GcMarks {
  const { pid, high } = course;
  const offset = { epoch: high.epoch, n: draws.int(0, high.n) };
  const gone = model.deletions(pid, offset);
  // From here on, in this commit too; that one which failed was not made does no harm.
  course.floor = Math.max(course.floor, ...gone.map(({ t }) => t));
  course.repaired = Math.max(course.repaired, ...gone.map(({ repaired = 0 }) => repaired));
  course.purges++;
  const { floor, repaired } = course;
  return { floor: { t: floor, node: 'a' }, offset, ...(repaired > 0 && { repaired }) };
}

function drawRecord(draws: Draws, { pid, high, floor, repaired, purges }: Course): StoredRecord {
  const kind = draws.pick(['LWW', 'LWW', 'OR', 'PN'] as const);
  const repair = draws.percent(15) ? draws.int(1, 2) : 0;
  const latest = Math.max(repaired, repair);
  const ttlMs = draws.pick([undefined, undefined, 5, 9]);
  return {
    map: kind === 'LWW' ? draws.pick(['m', 'm:x']) : kind,
    key: `${TAGS[pid]}${draws.pick(ENDINGS)}`,
    ...(kind === 'OR' && { tag: `g${purges}-${draws.int(1, 2)}` }),
    kind,
    value: kind === 'PN' ? [draws.int(0, 5), draws.int(0, 5)] : draws.pick(VALUES),
    t: floor + draws.int(1, 4),
    node: draws.pick(NODES),
    ...(ttlMs !== undefined && { ttlMs }),
    ...high,
    ...(draws.percent(20) && { owner: draws.pick(['ann', 'nul \0']) }),
    ...(draws.percent(20) && { from: `s:${draws.int(1, 9)}` }),
    ...(kind === 'LWW' && latest > 0 && { repaired: latest }),
  };
}

function drawDedup(draws: Draws, course: Course): DedupRow {
  const session = `s${course.sessions}`;
  if (draws.percent(8)) {
    // Nobody hears of it again.
    course.sessions++;
    return { clientId: 'c', session, settledBelow: FORGOTTEN, entries: [] };
  }
  const entries: DedupEntry[] = [];
  for (let seq = 0; seq < 8; seq++) if (draws.percent(30)) entries.push(drawEntry(draws, seq, course.high));
  return { clientId: draws.pick(['c', 'd']), session, settledBelow: draws.int(0, 5), entries };
}

function drawEntry(draws: Draws, seq: number, { epoch, n }: Offset): DedupEntry {
  const outcome = draws.pick([0, 1, 2, 3] as const);
  return {
    seq,
    outcome,
    ...(outcome === 3 && { code: 'DENIED', reason: draws.pick(['no', '\0']) }),
    t: draws.int(1, 9),
    node: draws.pick(NODES),
    n,
    epoch,
    fingerprint: 2 ** 53 - draws.int(1, 9),
    ...(draws.percent(30) && { concern: draws.int(0, 5) }),
  };
}

function drawQuestions(draws: Draws, courses: readonly Course[]): readonly Question[] {
  return Array.from({ length: QUESTIONS }, (): Question => {
    const { pid, high, purges, sessions } = draws.pick(courses);
    switch (draws.int(0, 4)) {
      case 0:
      case 1: {
        const map = draws.pick(['m', 'm:x', 'OR', 'PN']);
        const key = `${TAGS[pid]}${draws.pick(ENDINGS)}`;
        const tag = `g${draws.int(0, purges)}-${draws.int(1, 2)}`;
        return { ask: 'record', map, key, ...(map === 'OR' && { tag }) };
      }
      case 2: {
        const after = { epoch: draws.int(0, high.epoch), n: draws.int(0, high.n) };
        return { ask: 'changes', pid, after, limit: draws.int(1, 6) };
      }
      case 3:
        return {
          ask: 'dedup',
          pid,
          clientId: draws.pick(['c', 'd']),
          session: `s${draws.int(0, sessions)}`,
        };
      default:
        return { ask: 'scan', pid };
    }
  });
}

const allOf = (courses: readonly Course[]): readonly Question[] =>
  courses.flatMap(({ pid }): Question[] => [
    { ask: 'scan', pid },
    { ask: 'changes', pid, after: { epoch: 0, n: 0 }, limit: 1_000 },
    { ask: 'dedupRows', pid },
  ]);
