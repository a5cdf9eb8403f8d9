import type { Case } from './Case.js';
import { type Found, type Planted, runCase } from './runCase.js';
import { noTally } from './Tally.js';

/** More tries find little more. */
const TRIES_MAX = 1_500;

/** The smallest case found that still leaks through the same outlet: steps and policies are left out, in chunks that halve. */
export function shrink(
  whole: Case,
  outlet: string,
  plant?: Planted,
): { readonly one: Case; readonly found: Found | undefined } {
  let best = whole;
  let found = runCase(whole, noTally(), plant);
  let tries = 0;
  const isStill = (one: Case): boolean => {
    const next = tries++ < TRIES_MAX ? runCase(one, noTally(), plant) : undefined;
    if (next?.outlet !== outlet) return false;
    best = one;
    found = next;
    return true;
  };
  if (found !== undefined) isStill({ ...best, steps: best.steps.slice(0, found.step + 1) });
  for (let before = Infinity; sizeOf(best) < before; ) {
    before = sizeOf(best);
    for (const part of ['steps', 'policies'] as const)
      for (
        let size = Math.ceil(best[part].length / 2);
        size >= 1;
        size = size === 1 ? 0 : Math.ceil(size / 2)
      )
        for (let at = 0; at < best[part].length; ) {
          const rest: readonly unknown[] = [...best[part].slice(0, at), ...best[part].slice(at + size)];
          // What was left out is gone: what follows has moved here.
          if (!isStill({ ...best, [part]: rest })) at += size;
        }
  }
  return { one: best, found };
}

const sizeOf = ({ steps, policies }: Case): number => steps.length + policies.length;
