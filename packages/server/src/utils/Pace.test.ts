import { describe, expect, it } from 'vitest';
import { Pace } from './Pace.js';

/** Walks so many rows and lists how many of them each slice held. */
async function slicesOf(
  pace: Pace,
  rows: number,
  turns: number[],
  afterRow = (): void => undefined,
): Promise<void> {
  for (let i = 0; i < rows; i++) {
    turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
    afterRow();
    const rest = pace.step();
    if (rest !== undefined) await rest;
  }
}

describe('Pace', () => {
  it('[FLOW-20] ends a slice after so many rows, however little time they took', async () => {
    const turns = [0];
    const pace = new Pace({ sliceRows: 100, nowMs: () => 0, turn: async () => void turns.push(0) });
    await slicesOf(pace, 250, turns);
    expect(turns).toEqual([100, 100, 50]);
  });

  it('[FLOW-20] ends a slice when its time is over, however few rows it had', async () => {
    const turns = [0];
    let now = 0;
    const pace = new Pace({ sliceMs: 5, nowMs: () => now, turn: async () => void turns.push(0) });
    await slicesOf(pace, 10, turns, () => {
      now += 2;
    });
    expect(turns).toEqual([3, 3, 3, 1]);
  });

  it('[FLOW-20] lets timers and sockets have their turn', async () => {
    const pace = new Pace({ sliceRows: 1 });
    const seen: string[] = [];
    setImmediate(() => seen.push('theirs'));
    await pace.step();
    seen.push('ours');
    expect(seen).toEqual(['theirs', 'ours']);
  });

  it('[FLOW-13] throws the reason of its signal at the next row', async () => {
    const stop = new AbortController();
    const pace = new Pace({ signal: stop.signal });
    expect(pace.step()).toBeUndefined();
    stop.abort(new Error('stopped'));
    expect(() => pace.step()).toThrow('stopped');
  });

  it('[FLOW-13] and after a rest in which it came', async () => {
    const stop = new AbortController();
    const turn = async (): Promise<void> => stop.abort(new Error('stopped'));
    await expect(new Pace({ sliceRows: 1, signal: stop.signal, turn }).step()).rejects.toThrow('stopped');
  });
});
