import { LIMITS } from '@topgun/protocol';
import { describe, expect, it } from 'vitest';
import { Interests } from './Interests.js';
import { Listening } from './Listening.js';

interface Told {
  readonly node: string;
  readonly number: number;
  readonly topics: readonly string[];
}

function rig() {
  const told: Told[] = [];
  const listening = new Listening({
    listen: (node, number, topics) => told.push({ node, number, topics }),
    unlisten: (node, topics) => told.push({ node, number: -1, topics }),
  });
  return { told, listening };
}
const isSettled = async (promise: Promise<void>): Promise<boolean> => {
  const nothing = {};
  return (await Promise.race([promise, Promise.resolve(nothing)])) !== nothing;
};

describe('Listening', () => {
  it('[CLU-51] topics of a turn are said together, and all of them again to a node that comes', async () => {
    const { told, listening } = rig();
    listening.up('a');
    told.length = 0;
    for (let i = 0; i < LIMITS.linkTopics + 5; i++) expect(listening.add(`t${i}`)).toBe(true);
    expect(listening.add('t1')).toBe(false);
    await Promise.resolve();
    expect(told.map(({ topics }) => topics.length)).toEqual([LIMITS.linkTopics, 5]);
    // Only the last part counts as heard.
    expect(told.map(({ number }) => number > 0)).toEqual([false, true]);
    told.length = 0;
    listening.up('b');
    expect(told.every(({ node }) => node === 'b')).toBe(true);
    expect(told.flatMap(({ topics }) => topics)).toHaveLength(LIMITS.linkTopics + 5);
  });

  it('[CLU-51] a topic stands when every linked node has heard of it; one that goes is not waited for', async () => {
    const { told, listening } = rig();
    for (const node of ['a', 'b', 'c']) listening.up(node);
    for (const { node, number } of told.splice(0)) listening.acknowledged(node, number);
    listening.add('t');
    await Promise.resolve();
    const standing = listening.stands('t');
    const numbers = new Map(told.map(({ node, number }) => [node, number]));
    listening.acknowledged('a', numbers.get('a') as number);
    expect(await isSettled(standing)).toBe(false);
    listening.acknowledged('b', numbers.get('b') as number);
    expect(await isSettled(standing)).toBe(false);
    listening.down('c');
    expect(await isSettled(standing)).toBe(true);
    // A node that comes does not know it yet.
    told.length = 0;
    listening.up('c');
    expect(await isSettled(listening.stands('t'))).toBe(false);
    listening.acknowledged('c', told[0]?.number as number);
    expect(await isSettled(listening.stands('t'))).toBe(true);
    expect(await isSettled(listening.stands())).toBe(true);
  });

  it('[CLU-51] what was said and taken back in one turn is said in that order', () => {
    const { told, listening } = rig();
    listening.up('a');
    told.length = 0;
    listening.add('t');
    listening.remove('t');
    listening.remove('t');
    expect(told).toMatchObject([{ topics: ['t'] }, { number: -1, topics: ['t'] }]);
    expect(listening.has('t')).toBe(false);
  });
});

describe('Interests', () => {
  it('[CLU-51] knows who listens, and forgets who is gone', () => {
    const interests = new Interests();
    interests.add('a', ['t', 'u']);
    interests.add('b', ['t']);
    expect([...interests.of('t')]).toEqual(['a', 'b']);
    interests.remove('a', ['t']);
    expect([...interests.of('t')]).toEqual(['b']);
    interests.drop('a');
    interests.drop('nobody');
    expect([[...interests.of('u')], [...interests.of('t')]]).toEqual([[], ['b']]);
  });
});
