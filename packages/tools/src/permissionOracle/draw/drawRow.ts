import { numberCanary, textCanary } from '@topgun/sim/internal/oracle/canaries';
import type { Rng } from '@topgun/sim/internal/rng';
import { PEOPLE, TEAMS } from '../world.js';

/** Numbers of canaries, each given once in a run. */
export class Mint {
  #next = 1;

  text(): string {
    return textCanary(this.#next++);
  }

  number(): number {
    return numberCanary(this.#next++);
  }
}

/** A value in which every field holds a canary or what policies look at; now and then one without fields. */
export function drawRow(rng: Rng, mint: Mint): unknown {
  if (rng.chance(0.06)) return rng.chance(0.5) ? mint.text() : [mint.text(), mint.number()];
  return {
    owner: rng.pick(PEOPLE),
    rank: rng.int(0, 9),
    ...(rng.chance(0.5) && { public: rng.chance(0.5) }),
    ...(rng.chance(0.8) && { team: rng.pick(TEAMS) }),
    ...(rng.chance(0.7) && { meta: { level: rng.int(0, 4), note: mint.text() } }),
    ...(rng.chance(0.8) && { title: `about ${mint.text()}` }),
    ...(rng.chance(0.8) && { secret: rng.chance(0.5) ? mint.text() : mint.number() }),
    ...(rng.chance(0.4) && { list: [mint.text(), { deep: [mint.number()] }] }),
    ...(rng.chance(0.6) && { pin: rng.int(0, 9) }),
    ...(rng.chance(0.3) && { version: rng.int(0, 3) }),
    ...(rng.chance(0.05) && { [mint.text()]: mint.text() }),
  };
}
