import { describe, expect, it } from 'vitest';
import type { Policy } from '../security/PermissionPolicy.js';
import { parsePolicyText } from './parsePolicies.js';
import { WatchedFile } from './WatchedFile.js';

const ONE = { role: 'A', map: 'm', actions: ['READ'] };

/** A file whose content the test sets; `undefined` = missing. */
function watched(taken: (policies: readonly Policy[]) => void = () => undefined) {
  let text: string | undefined = JSON.stringify([ONE]);
  let mark = 0;
  let reads = 0;
  const news: string[] = [];
  const file = new WatchedFile({
    path: 'policies.json',
    changed: (text) => {
      const policies = parsePolicyText(text, {});
      taken(policies);
      news.push(policies.map(({ role }) => role).join());
    },
    failed: (error) => news.push(String(error)),
    disk: {
      mark: async () => {
        if (text === undefined) throw new Error('ENOENT');
        return String(mark);
      },
      text: async () => {
        reads++;
        if (text === undefined) throw new Error('ENOENT: no such file');
        return text;
      },
    },
  });
  return {
    news,
    reads: () => reads,
    put: (next: string | undefined) => {
      text = next;
      mark++;
    },
    look: async (times = 1) => {
      for (let i = 0; i < times; i++) await file.look();
    },
  };
}

describe('the policies file', () => {
  it('[PERM-11] is taken over when it has stood still from one look to the next, and once', async () => {
    const file = watched();
    await file.look(5);
    expect(file.news).toEqual(['A']);
    file.put('[{"role":');
    await file.look();
    file.put(JSON.stringify([ONE, { ...ONE, role: 'B' }]));
    await file.look();
    expect(file.news).toEqual(['A']);
    await file.look(3);
    expect(file.news).toEqual(['A', 'A,B']);
    expect(file.reads()).toBe(2);
  });

  it('[PERM-11] tells the place of a fault, once, and goes on with the next good one', async () => {
    const file = watched();
    await file.look(2);
    file.put('[\n  { "role": "A" "map": "m" }\n]');
    await file.look(4);
    file.put(JSON.stringify([ONE, { ...ONE, actions: ['READ', 'FLY'] }]));
    await file.look(2);
    file.put(JSON.stringify([{ ...ONE, where: { op: 'and', children: [{ op: 'equals', path: 'a' }] } }]));
    await file.look(2);
    file.put(JSON.stringify([{ ...ONE, map: 'a**' }]));
    await file.look(2);
    file.put(undefined);
    await file.look(3);
    file.put(JSON.stringify([{ ...ONE, role: 'C' }]));
    await file.look(2);
    expect(file.news).toEqual([
      'A',
      expect.stringMatching(/Line 2, column 17: /),
      expect.stringContaining('Policy 1: actions[1]: '),
      expect.stringContaining('Policy 0: where: Unknown operator of the predicate at $.children[0]'),
      expect.stringContaining('Policy 0: the map pattern "a**" is malformed'),
      expect.stringContaining('ENOENT'),
      'C',
    ]);
  });

  it('[PERM-11] what the server does not take is a fault as well', async () => {
    const file = watched((policies) => {
      if (policies.length > 1) throw new Error('too many');
    });
    await file.look(2);
    file.put(JSON.stringify([ONE, ONE]));
    await file.look(2);
    expect(file.news).toEqual(['A', 'Error: too many']);
  });
});
