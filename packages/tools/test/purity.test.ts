import { describe, expect, it } from 'vitest';
import { findImpurities } from '../src/purity/findImpurities.js';
import { plantTree } from './plantTree.js';

const inCore = (text: string): string => plantTree({ 'packages/core/src/planted.ts': `${text}\n` });
const messages = (root: string): readonly string[] => findImpurities(root).map((finding) => finding.message);

const impure: readonly (readonly [string, string])[] = [
  ['Date', 'export const now = () => Date.now();'],
  ['Date', 'export const now = () => new Date();'],
  ['Date', 'export const clock = Date;'],
  ['performance', 'export const now = () => performance.now();'],
  ['Math.random', 'export const roll = () => Math.random();'],
  ['Math.random', "export const roll = () => Math['random']();"],
  ['Math.random', 'const { random } = Math; export const roll = random;'],
  ['setTimeout', 'setTimeout(() => {}, 1);'],
  ['setInterval', 'setInterval(() => {}, 1);'],
  ['setImmediate', 'setImmediate(() => {});'],
  ['queueMicrotask', 'queueMicrotask(() => {});'],
  ['fetch', "export const get = () => fetch('/');"],
  ['process', 'export const env = process.env;'],
  ['process', 'export const held = { process };'],
  ['crypto', 'export const id = () => crypto.randomUUID();'],
  ['globalThis', "export const clock = globalThis['Date'];"],
  ['console', "console.log('x');"],
  ['Intl', "export const order = new Intl.Collator('en').compare;"],
  ['.localeCompare', 'export const order = (a: string, b: string) => a.localeCompare(b);'],
  ['.getHours', 'export const hour = (at: Date) => at.getHours();'],
  ["'node:fs'", "import { readFileSync } from 'node:fs'; export const read = readFileSync;"],
  ['import()', "export const load = () => import('./other.js');"],
];

const pure: readonly (readonly [string, string])[] = [
  ['a parameter that bears a global name', 'export const at = (Date: { now(): number }) => Date.now();'],
  [
    'a port with methods of such names',
    'export const arm = (ports: { setTimeout(): void }) => ports.setTimeout();',
  ],
  ['a property of such a name', 'export const effect = { fetch: 1, process: 2 };'],
  ['a type', 'export interface Row { readonly at: Date }'],
  ['the other members of Math', 'export const low = Math.min(1, 2);'],
  [
    'telling and copying a date value',
    'export const copy = (v: unknown) => (v instanceof Date ? new Date(v.getTime()) : v);',
  ],
  ['words in strings and comments', "// Date.now()\nexport const text = 'Math.random()';"],
];

describe('the purity rule', () => {
  it.each(impure)('catches %s in: %s', (what, text) => {
    expect(messages(inCore(text)).join('\n')).toContain(`uses ${what}:`);
  });

  it.each(pure)('lets pass %s', (_what, text) => {
    expect(messages(inCore(text))).toEqual([]);
  });

  it('holds in protocol and in every engine folder, and says file and line', () => {
    const text = '\nexport const now = () => Date.now();\n';
    const root = plantTree({
      'packages/protocol/src/codec/a.ts': text,
      'packages/client/src/engine/b.ts': text,
      'packages/server/src/engine/deep/c.ts': text,
    });
    const places = findImpurities(root).map(({ file, line }) => `${file}:${line}`);
    expect(places.sort()).toEqual([
      'packages/client/src/engine/b.ts:2',
      'packages/protocol/src/codec/a.ts:2',
      'packages/server/src/engine/deep/c.ts:2',
    ]);
  });

  it('follows an engine into the helpers it runs, not into those it only names types of', () => {
    const root = plantTree({
      'packages/client/src/engine/step.ts':
        "import { now } from '../helpers/now.js';\nimport type { Later } from '../shell/Later.js';\nexport const step = (): Later => now();\n",
      'packages/client/src/helpers/now.ts': 'export const now = () => Date.now();\n',
      'packages/client/src/shell/Later.ts': 'export type Later = number;\nsetTimeout(() => {}, 1);\n',
    });
    expect(findImpurities(root).map(({ file }) => file)).toEqual(['packages/client/src/helpers/now.ts']);
  });

  it('leaves shells and tests alone', () => {
    const text = 'export const now = () => Date.now();\n';
    const root = plantTree({
      'packages/client/src/timers/wallClock.ts': text,
      'packages/core/src/HLC.test.ts': text,
      'packages/core/src/HLC.prop.test.ts': text,
    });
    expect(findImpurities(root)).toEqual([]);
  });
});
