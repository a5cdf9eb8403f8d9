import { faults } from '../faults/index.js';
import { clusterFaults } from '../nodes/faults/index.js';
import { STANDARD } from '../profiles/index.js';
import type { Profile } from '../profiles/Profile.js';
import { points } from '../sometimes/index.js';
import type { FailedSeed, Totals } from './Totals.js';

/** A run of this many seeds must have reached every point that its profile can reach. */
export const SEEDS_FOR_ALL_POINTS = 1000;

const line = (count: number, name: string): string => `${String(count).padStart(9)}  ${name}`;

export function reportFailure({ seed, failures }: FailedSeed, profile: Profile): string {
  const flag = profile === STANDARD ? '' : ` --profile ${profile.name}`;
  return [
    `seed ${seed} FAILED; replay: npm run sim -- --seed ${seed}${flag}; make it small: add --shrink`,
    ...failures.map((failure) => `  ${failure}`),
  ].join('\n');
}

/** How often each kind of fault struck and each point was reached, none left out. */
export function reportCounts({ counts }: Totals, { nodes }: Profile): string {
  const of = (kind: string, names: readonly string[]): string[] =>
    names.map((name) => line(counts[`${kind} ${name}`] ?? 0, `${kind} ${name}`));
  return [
    ...of(
      'fault',
      [...faults, ...(nodes === undefined ? [] : clusterFaults)].map(({ name }) => name),
    ),
    ...of(
      'sometimes',
      points.map(({ name }) => name),
    ),
  ].join('\n');
}

/** Points that this many seeds of this profile should have reached and did not. */
export function unreached(totals: Totals, profile: Profile): string[] {
  if (totals.seeds < SEEDS_FOR_ALL_POINTS) return [];
  return points
    .filter(({ profiles }) => (profiles ?? [STANDARD.name]).includes(profile.name))
    .map(({ name }) => name)
    .filter((name) => (totals.counts[`sometimes ${name}`] ?? 0) === 0);
}
