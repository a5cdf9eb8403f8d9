import type { Profile } from '../profiles/Profile.js';
import { inProcess } from './inProcess.js';
import { addTotals, type FailedSeed, noTotals, REPEAT_EVERY, type Totals } from './Totals.js';
import type { Job, Said } from './worker.js';

const WORKER = new URL('./worker.js', import.meta.url);
/** Enough seeds that messages between processes cost nothing, few enough that all processes end together. */
const SEEDS_PER_JOB = 10;
const FAILED_MAX = 10;
/** A seed takes a second or two; one that takes so long never ends. */
const SEED_MS_MAX = 5 * 60_000;
/** The repeating process lives as far from the others as the calendar allows. */
const TIME_ZONE = 'UTC';
const OTHER_TIME_ZONE = 'Pacific/Chatham';

export interface Range {
  readonly from: number;
  readonly count: number;
  readonly profile: Profile;
  readonly workers: number;
}

/**
 * Runs many seeds in several processes. One more process repeats some of them under another time zone; a run that takes
 * another course there counts as failed. Stops early when many seeds have failed. `failed` hears of each as soon as it is known.
 */
export async function runSeeds(
  { from, count, profile, workers }: Range,
  failed: (seed: FailedSeed) => void = () => undefined,
): Promise<Totals> {
  const totals = noTotals();
  const end = from + count;
  let next = from;
  const nextJob = (): Job | undefined => {
    if (next >= end || totals.failed.length >= FAILED_MAX) return undefined;
    const size = Math.min(SEEDS_PER_JOB, end - next);
    const seeds = Array.from({ length: size }, (_, i) => next + i);
    next += size;
    return { profile: profile.name, seeds };
  };
  const again: number[] = [];
  for (let seed = from; seed < end; seed++) if (seed % REPEAT_EVERY === 0) again.push(seed);
  const repeated = noTotals();
  const nextRepeat = (): Job | undefined => {
    const seed = totals.failed.length < FAILED_MAX ? again.shift() : undefined;
    return seed === undefined ? undefined : { profile: profile.name, seeds: [seed] };
  };
  const work = async (timeZone: string, give: () => Job | undefined, to: Totals): Promise<void> => {
    let at = from;
    const heard = (said: Said): boolean => {
      if ('begins' in said) {
        at = said.begins;
        return false;
      }
      addTotals(to, said.totals);
      said.totals.failed.forEach(failed);
      return true;
    };
    const { isKilled } = await inProcess<Job, Said>(WORKER, give, heard, {
      env: { TZ: timeZone },
      silentMs: SEED_MS_MAX,
    });
    if (isKilled)
      totals.failed.push({ seed: at, failures: [`SIM-9: has not ended after ${SEED_MS_MAX / 1000} s`] });
  };
  await Promise.all([
    ...Array.from({ length: workers }, () => work(TIME_ZONE, nextJob, totals)),
    ...(again.length > 0 ? [work(OTHER_TIME_ZONE, nextRepeat, repeated)] : []),
  ]);
  for (const [seed, trace] of Object.entries(repeated.traces)) {
    const first = totals.traces[Number(seed)];
    if (first !== undefined && first !== trace)
      totals.failed.push({
        seed: Number(seed),
        failures: [`SIM-9: takes another course in another process under another time zone`],
      });
  }
  totals.failed.sort((a, b) => a.seed - b.seed);
  return totals;
}
