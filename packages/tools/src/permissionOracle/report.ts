import { DOOR_OUTLETS, OUTLETS } from '@topgun/sim/internal/oracle/outlets';
import type { Caught } from './huntPlants.js';
import type { Tally } from './Tally.js';

const WHAT_CHARS = 90;

/** The totals of many runs, each outlet with its count. */
export function reportTotals(tally: Tally, leaks: number): string {
  const { seeds, policySets, frames, withCanaries, outlets } = tally;
  const names = new Set<string>([...Object.values(OUTLETS).flat(), ...outlets.keys()]);
  return [
    ...[...names].map((name) => `${String(outlets.get(name) ?? 0).padStart(9)}  ${name}`),
    `${policySets} sets of policies in ${seeds} seeds, ${frames} frames through ${names.size} outlets, ` +
      `${percentOf(tally).toFixed(1)} % with permitted canaries (${withCanaries}), ${leaks} leaks`,
  ].join('\n');
}

/** Those of runs at the doors: of each outlet how often it was used, and how often it carried what may be heard. */
export function reportDoors(
  { seeds, policySets, frames, withCanaries, outlets, permitted }: Tally,
  leaks: number,
): string {
  const line = (name: string): string =>
    `${String(outlets.get(name) ?? 0).padStart(9)} ${String(permitted.get(name) ?? 0).padStart(9)}  ${name}`;
  return [
    `${'frames'.padStart(9)} ${'permitted'.padStart(9)}`,
    ...Object.keys(DOOR_OUTLETS).map(line),
    `at the doors: ${policySets} sets of policies in ${seeds} seeds, ${frames} frames, ${withCanaries} with permitted canaries, ${leaks} leaks`,
  ].join('\n');
}

export const percentOf = ({ frames, withCanaries }: Tally): number =>
  (100 * withCanaries) / Math.max(1, frames);

/** One line for each planted leak. */
export function tableOf(
  found: readonly (readonly [
    plant: { readonly outlet: string; readonly name: string },
    caught: Caught | undefined,
  ])[],
): string {
  const rows = found.map(([{ outlet, name }, caught]) => [
    outlet,
    name,
    caught === undefined ? 'HIDDEN' : `seed ${caught.seed}`,
    caught === undefined ? '' : caught.what.slice(0, WHAT_CHARS),
  ]);
  const all = [['outlet', 'planted leak', 'found', 'what was seen'], ...rows];
  const widths = [0, 1, 2].map((column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
