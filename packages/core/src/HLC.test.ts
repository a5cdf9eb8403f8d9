import { describe, expect, it } from 'vitest';
import { FakeClock } from '../test/arbitraries.js';
import { packTime } from './clock/Timestamp.js';
import { HLC } from './HLC.js';

describe('HLC', () => {
  it('[CLK-1] a full counter spills into the next millisecond', () => {
    const hlc = new HLC('n', { clock: new FakeClock(1_000), highWater: packTime(1_000, 2046) });
    expect(hlc.now()).toEqual({ millis: 1_000, counter: 2047, nodeId: 'n' });
    expect(hlc.now()).toEqual({ millis: 1_001, counter: 0, nodeId: 'n' });
  });

  it('[CLK-2] starts above the high-water of an earlier run', () => {
    const first = new HLC('n', { clock: new FakeClock(5_000) });
    const last = first.now();
    const second = new HLC('n', { clock: new FakeClock(10), highWater: first.highWater });
    expect(HLC.compare(second.now(), last)).toBeGreaterThan(0);
  });

  it('[CLK-2] follows the wall clock again once that has caught up', () => {
    const clock = new FakeClock(5_000);
    const hlc = new HLC('n', { clock });
    hlc.now();
    clock.nowMs = 6_000;
    expect(hlc.now()).toEqual({ millis: 6_000, counter: 0, nodeId: 'n' });
  });

  it('[CLK-4] strict mode refuses drift and leaves the clock unchanged', () => {
    const hlc = new HLC('n', { clock: new FakeClock(1_000), strictMode: true });
    const before = hlc.highWater;
    expect(() => hlc.update({ millis: 61_001, counter: 0, nodeId: 'm' })).toThrow(
      expect.objectContaining({ code: 'HLC_DRIFT' }),
    );
    expect(hlc.highWater).toBe(before);
    expect(hlc.update({ millis: 61_000, counter: 0, nodeId: 'm' })).toBe(true);
  });

  it('[CLK-4] without strict mode a stamp too far ahead never moves the clock', () => {
    const hlc = new HLC('n', { clock: new FakeClock(1_000) });
    expect(hlc.update({ millis: 61_001, counter: 0, nodeId: 'm' })).toBe(false);
    expect(hlc.now()).toEqual({ millis: 1_000, counter: 0, nodeId: 'n' });
  });

  it.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY])('refuses %d as a part of a timestamp', (part) => {
    const hlc = new HLC('n', { clock: new FakeClock() });
    const format = expect.objectContaining({ code: 'TIMESTAMP_FORMAT' });
    expect(() => hlc.update({ millis: part, counter: 0, nodeId: 'm' })).toThrow(format);
    expect(() => hlc.update({ millis: 1, counter: part, nodeId: 'm' })).toThrow(format);
    expect(() => hlc.updatePacked(part)).toThrow(format);
    expect(() => hlc.raiseTo(part)).toThrow(format);
  });

  it.each(['', '1:2', '1:2:', 'x:2:n', '1:2048:n', '01:2:n', '-1:2:n', '4398046511104:0:n'])(
    'does not parse %j',
    (text) => {
      expect(() => HLC.parse(text)).toThrow(expect.objectContaining({ code: 'TIMESTAMP_FORMAT' }));
    },
  );

  it('[CLK-1] orders node ids by code unit', () => {
    const at = (nodeId: string) => ({ millis: 1, counter: 1, nodeId });
    expect(HLC.compare(at('Z'), at('a'))).toBeLessThan(0);
    expect(HLC.compare(at('z'), at('ä'))).toBeLessThan(0);
    expect(HLC.compare(at('z'), at('z'))).toBe(0);
  });

  it('shows its settings', () => {
    const hlc = new HLC('n', { clock: new FakeClock(), maxDriftMs: 5 });
    expect([hlc.getNodeId, hlc.getStrictMode, hlc.getMaxDriftMs]).toEqual(['n', false, 5]);
    expect(() => new HLC('', { clock: new FakeClock() })).toThrow(
      expect.objectContaining({ code: 'NODE_INVALID' }),
    );
  });
});
