import type { Rng } from '@topgun/sim/internal/rng';
import type { Actor, Hearsay } from '../Actor.js';
import type { Mint } from '../draw/drawRow.js';
import type { OracleNode } from '../OracleNode.js';

/** What one step of a case acts on; `rng` is its own, so that leaving out a step disturbs no other. */
export interface Stage {
  readonly node: OracleNode;
  readonly actors: readonly Actor[];
  readonly actor: Actor;
  readonly hearsay: Hearsay;
  readonly mint: Mint;
  readonly rng: Rng;
}

/** One kind of thing that people do, or that happens to the server. */
export interface Action {
  readonly name: string;
  /** how often it is drawn beside the others */
  readonly weight: number;
  run(stage: Stage): void;
}

/** Keys that a map has: few, so that people meet; fewer still where each has many elements, which are parted in a walk. */
const KEYS = 16;
const KEYS_OF_TAGS = 3;

/** A key of a map, known or new; every one is a canary. Those of one partition are for transactions. */
export function keyOf({ hearsay, mint, rng }: Stage, map: string): string {
  const keys = hearsay.keys.get(map) ?? [];
  hearsay.keys.set(map, keys);
  const keysMax = map === 'tags' ? KEYS_OF_TAGS : KEYS;
  if (keys.length < keysMax && (keys.length === 0 || rng.chance(0.4))) {
    const key = rng.chance(0.5) ? `{joint}${mint.text()}` : `k-${mint.text()}`;
    keys.push(key);
    return key;
  }
  return rng.pick(keys);
}

export function jointKeyOf(stage: Stage, map: string): string {
  const joint = (stage.hearsay.keys.get(map) ?? []).filter((key) => key.startsWith('{joint}'));
  return joint.length === 0 ? `{joint}${stage.mint.text()}` : stage.rng.pick(joint);
}
