import { packHashes, serialize, shortHash } from '@topgun/protocol';
import { canariesIn, canaryOfNumber, numberCanary, textCanary } from '@topgun/sim/internal/oracle/canaries';
import { HashFilter } from '@topgun/sim/internal/oracle/HashFilter';
import { OUTLETS } from '@topgun/sim/internal/oracle/outlets';
import { describe, expect, it } from 'vitest';
import { allServerLayouts } from '../../protocol/src/codec/layouts.js';
import { drawCase } from '../src/permissionOracle/draw/drawCase.js';
import { hunt, SEEDS_MAX } from '../src/permissionOracle/huntPlants.js';
import { plants } from '../src/permissionOracle/plants/index.js';
import { percentOf } from '../src/permissionOracle/report.js';
import { runCase } from '../src/permissionOracle/runCase.js';
import { shrink } from '../src/permissionOracle/shrink.js';
import { noTally } from '../src/permissionOracle/Tally.js';

const SEEDS = 12;
/** Against hanging, and long: a busy machine takes a minute. */
const DEADLINE_MS = 300_000;
/** What no server of today sends, and what small runs meet too seldom to be counted on. */
const RARE = ['ping', 'walk hashes'];

describe('the permission oracle', () => {
  it(
    '[PO-1] [PO-2] [PO-3] [PO-4] [PO-5] nothing leaves that may not; [PO-7] each outlet had frames, 30 % of them with what may be seen',
    () => {
      const tally = noTally();
      const leaks = Array.from({ length: SEEDS }, (_, i) => runCase(drawCase(i + 1), tally));
      expect(leaks.filter((leak) => leak !== undefined)).toEqual([]);
      expect(percentOf(tally)).toBeGreaterThanOrEqual(30);
      expect(tally.frames).toBeGreaterThanOrEqual(10_000);
      const silent = Object.values(OUTLETS)
        .flat()
        .filter((outlet) => !tally.outlets.has(outlet) && !RARE.includes(outlet));
      expect(silent).toEqual([]);
    },
    DEADLINE_MS,
  );

  it('[PO-7] names an outlet for every message that a server may send', () => {
    expect(Object.keys(OUTLETS).sort()).toEqual(Object.keys(allServerLayouts).sort());
    const planted = new Set(plants.map(({ outlet }) => outlet));
    const bare = Object.values(OUTLETS)
      .flat()
      .filter((outlet) => !planted.has(outlet));
    // No server of today sends PING.
    expect(bare).toEqual(['ping']);
  });

  it('[PO-8] a seed draws one case and takes one course, and a leak is made small', () => {
    expect(drawCase(3)).toEqual(drawCase(3));
    const [first, second] = [noTally(), noTally()];
    for (const tally of [first, second]) runCase(drawCase(3), tally);
    expect(first).toEqual(second);
    const plant = plants.find(({ name }) => name === 'messages are not masked')?.plant;
    const whole = drawCase(1);
    const { outlet } = runCase(whole, noTally(), plant) ?? { outlet: '' };
    const { one, found } = shrink(whole, outlet, plant);
    expect(found?.outlet).toBe('topic');
    expect(one.steps.length).toBeLessThanOrEqual(8);
    expect(runCase(one, noTally())).toBeUndefined();
  });

  it.each(plants)(
    `[PO-9] sees within ${SEEDS_MAX} seeds leaving through $outlet that $name`,
    (plant) => {
      expect(hunt(plant)).toBeDefined();
    },
    DEADLINE_MS,
  );

  it('[PO-1] finds canaries in any bytes: as text, as a number, as its digits', () => {
    const text = textCanary(7);
    const number = numberCanary(9);
    expect(text).toMatch(/^[A-Za-z0-9_-]{11}$/);
    expect(Number.isSafeInteger(numberCanary(2 ** 20 - 1))).toBe(true);
    const packed = serialize({ a: [`x${text}y`, { b: number + 3 }] });
    expect([...canariesIn(packed)].sort()).toEqual([canaryOfNumber(number), text].sort());
    expect([...canariesIn(Buffer.from(`GET /${text}?n=${number}`))]).toEqual([text, canaryOfNumber(number)]);
    expect(canariesIn(Buffer.from('zq00000000000qz 74180141105807361'))).toEqual(new Set());
  });

  it('[PO-2] finds digests in any bytes', () => {
    const filter = new HashFilter<string>();
    const hash = 2 ** 52 + 123_456_789_012;
    filter.add(shortHash(hash), 'a');
    const bytes = Buffer.concat([Buffer.from('head'), packHashes([1, hash, 2]), Buffer.from('tail')]);
    expect([...filter.in(bytes)]).toEqual([['a']]);
    expect([...filter.in(packHashes([1, 2, 3]))]).toEqual([]);
  });
});
