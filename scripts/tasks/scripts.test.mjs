import { expect, it } from 'vitest';
import { readJson, rootPath } from '../lib/root.mjs';
import { tasks } from './index.mjs';

it('package.json lists every script that run.mjs knows, and no other', () => {
  const { scripts } = readJson(rootPath('package.json'));
  const expected = Object.keys(tasks).map((name) => [name, `node scripts/run.mjs ${name}`]);
  expect(Object.fromEntries(Object.entries(scripts))).toEqual(Object.fromEntries(expected));
});
