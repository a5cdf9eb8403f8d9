import { describe, expect, it } from 'vitest';
import { inProcess } from '../src/run/inProcess.js';

const ENDLESS = new URL('./endless.mjs', import.meta.url);

describe('work in a process of its own', () => {
  const work = async (jobs: number[], silentMs: number) => {
    const said: string[] = [];
    const heard = (word: string): boolean => said.push(word) > 0;
    return { ...(await inProcess<number, string>(ENDLESS, () => jobs.shift(), heard, { silentMs })), said };
  };

  it('[SIM-9] ends when there are no more jobs', async () => {
    expect(await work([1, 1, 1], 60_000)).toEqual({ isKilled: false, said: ['done', 'done', 'done'] });
  });

  it('[SIM-9] is killed when it says nothing for too long', async () => {
    expect(await work([2, 1], 1_000)).toEqual({ isKilled: true, said: [] });
  });
});
