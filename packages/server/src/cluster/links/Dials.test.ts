import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import type { NodeInfo } from '../ports.js';
import { Dials } from './Dials.js';
import { replaces } from './settle.js';

const node = (name: string, rest: Partial<NodeInfo> = {}): NodeInfo => ({
  name,
  boot: 'b1',
  slot: 0,
  address: `ws://${name}/cluster`,
  state: 'ACTIVE',
  protocol: 4,
  ...rest,
});
const nobody = new Set<string>();
const names = (dials: Dials, nowMs: number, linked = nobody): string[] =>
  dials.due(nowMs, linked).map(({ name }) => name);

describe('Dials', () => {
  it('[CLU-40] the earlier name dials at once, the later one a moment later, nobody himself', () => {
    const dials = new Dials('b', () => 0);
    dials.setNodes([node('a'), node('b'), node('c')], 0);
    expect(names(dials, 0)).toEqual(['c']);
    expect(names(dials, LIMITS.linkYieldMs - 1)).toEqual([]);
    expect(names(dials, LIMITS.linkYieldMs)).toEqual(['a']);
  });

  it('[CLU-40] who is linked, or being dialled, is not dialled', () => {
    const dials = new Dials('a', () => 0);
    dials.setNodes([node('b'), node('c')], 0);
    expect(names(dials, 0, new Set(['b']))).toEqual(['c']);
    expect(names(dials, 0)).toEqual(['b']);
    expect(names(dials, 9_999)).toEqual([]);
  });

  it('[CLU-41] pauses grow to a limit, half of each is chance, and a success ends them', () => {
    let chance = 0;
    const dials = new Dials('a', () => chance);
    dials.setNodes([node('b')], 0);
    const pauses: number[] = [];
    let nowMs = 0;
    for (let round = 0; round < 8; round++) {
      expect(names(dials, nowMs)).toEqual(['b']);
      dials.failed('b', nowMs);
      let pauseMs = 0;
      while (names(dials, nowMs + pauseMs).length === 0) pauseMs++;
      pauses.push(pauseMs);
      nowMs += pauseMs;
      dials.failed('b', nowMs);
      chance = 0;
      nowMs += LIMITS.linkRetryMsMax;
    }
    expect(pauses[0]).toBe(LIMITS.linkRetryMs / 2);
    expect(pauses.at(-1)).toBe(LIMITS.linkRetryMsMax / 2);
    chance = 0.999;
    names(dials, nowMs);
    dials.failed('b', nowMs);
    expect(names(dials, nowMs + LIMITS.linkRetryMsMax - 2)).toEqual([]);
    expect(names(dials, nowMs + LIMITS.linkRetryMsMax)).toEqual(['b']);
    dials.succeeded('b');
    dials.lost('b', nowMs);
    expect(names(dials, nowMs)).toEqual(['b']);
  });

  it('[CLU-41] another start of a node, or another address, is dialled at once', () => {
    const dials = new Dials('a', () => 0);
    dials.setNodes([node('b')], 0);
    names(dials, 0);
    for (let round = 0; round < 9; round++) dials.failed('b', 0);
    dials.setNodes([node('b')], 1);
    expect(names(dials, 1)).toEqual([]);
    dials.setNodes([node('b', { boot: 'b2' })], 2);
    expect(dials.due(2, nobody)).toMatchObject([{ boot: 'b2' }]);
    dials.setNodes([], 3);
    expect(names(dials, 99_999)).toEqual([]);
  });
});

describe('settling', () => {
  const link = (boot: string, dialler: string) => ({ boot, dialler });

  it('[CLU-40] of two links dialled from both sides the one of the earlier name stays, on both sides', () => {
    for (const pair of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      expect(replaces(link('1', 'a'), link('1', 'b'), pair)).toBe(true);
      expect(replaces(link('1', 'b'), link('1', 'a'), pair)).toBe(false);
    }
  });

  it('[CLU-40] who dials again, or has started again, takes the place of what was', () => {
    expect(replaces(link('1', 'b'), link('1', 'b'), ['a', 'b'])).toBe(true);
    expect(replaces(link('2', 'b'), link('1', 'a'), ['a', 'b'])).toBe(true);
  });
});
