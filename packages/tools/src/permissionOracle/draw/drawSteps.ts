import type { Rng } from '@topgun/sim/internal/rng';
import type { Step } from '../Case.js';

interface Weighed {
  readonly name: string;
  readonly weight: number;
}

/** ROOT, who stands first among the people, does more than each of the others: so there is something to see. */
const ROOT_P = 0.5;

/** Steps of actions by their weights; `others`: people besides ROOT. */
export function drawSteps(rng: Rng, actions: readonly Weighed[], count: number, others: number): Step[] {
  const total = actions.reduce((sum, { weight }) => sum + weight, 0);
  const does = (): string => {
    let at = rng.float() * total;
    for (const { name, weight } of actions) {
      at -= weight;
      if (at < 0) return name;
    }
    // Where rounding left a crumb of the last one.
    return actions.at(-1)?.name ?? '';
  };
  return Array.from(
    { length: count },
    (): Step => ({ does: does(), who: rng.chance(ROOT_P) ? 0 : rng.int(1, others), seed: rng.u32() }),
  );
}
