import { DOOR_OUTLETS } from '@topgun/sim/internal/oracle/outlets';
import { describe, expect, it } from 'vitest';
import { doorsPlants } from '../src/permissionOracle/doors/doorPlants.js';
import { drawDoorCase } from '../src/permissionOracle/doors/drawDoorCase.js';
import { DOOR_SEEDS_MAX, huntAtDoors } from '../src/permissionOracle/doors/huntDoorPlants.js';
import { runDoorCase } from '../src/permissionOracle/doors/runDoorCase.js';
import { noTally } from '../src/permissionOracle/Tally.js';

const SEEDS = 3;
/** Against hanging, and long: a busy machine takes a minute. */
const DEADLINE_MS = 300_000;
/** What small runs meet too seldom to be counted on. */
const RARE = ['webhook removal', 'ws close'];

const telling = Object.entries(DOOR_OUTLETS)
  .filter(([, tells]) => tells !== 'nothing')
  .map(([outlet]) => outlet);

describe('the permission oracle on topics, at every door', () => {
  it(
    '[PO-13] [PO-14] nothing leaves that may not; each outlet had frames, and each that tells something told what may be heard',
    async () => {
      const tally = noTally();
      const found = [];
      for (let seed = 1; seed <= SEEDS; seed++) found.push(await runDoorCase(drawDoorCase(seed), tally));
      expect(found.filter((leak) => leak !== undefined)).toEqual([]);
      const silent = (outlets: readonly string[], counts: ReadonlyMap<string, number>): string[] =>
        outlets.filter((outlet) => !counts.has(outlet) && !RARE.includes(outlet));
      expect(silent(Object.keys(DOOR_OUTLETS), tally.outlets)).toEqual([]);
      expect(silent(telling, tally.permitted)).toEqual([]);
      expect(tally.withCanaries).toBeGreaterThan(200);
    },
    DEADLINE_MS,
  );

  it('[PO-13] every outlet has a planted leak', () => {
    const planted = new Set<string>(doorsPlants.map(({ outlet }) => outlet));
    expect(Object.keys(DOOR_OUTLETS).filter((outlet) => !planted.has(outlet))).toEqual([]);
  });

  it.each(doorsPlants)(
    `[PO-9] sees within ${DOOR_SEEDS_MAX} seeds leaving through $outlet that $name`,
    async (plant) => {
      expect(await huntAtDoors(plant)).toBeDefined();
    },
    DEADLINE_MS,
  );
});
