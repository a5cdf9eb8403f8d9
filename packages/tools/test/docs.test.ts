import { describe, expect, it } from 'vitest';
import { findDocFaults } from '../src/docs/findDocFaults.js';
import { isCompiled, readFences } from '../src/docs/readFences.js';
import { formatFinding } from '../src/Finding.js';
import { plantTree } from './plantTree.js';

const manifest = {
  name: '@topgun/client',
  exports: { '.': { types: './dist/index.d.ts' }, './engine': { types: './dist/engine.d.ts' } },
  publishConfig: { exports: { '.': { types: './dist/index.d.ts' } } },
};

const workspace = {
  'package.json': '{ "type": "module" }',
  'packages/client/package.json': JSON.stringify({ type: 'module', ...manifest }),
  'packages/client/dist/index.d.ts': 'export declare function add(a: number, b: number): number;\n',
  'packages/client/dist/engine.d.ts': 'export declare const inner: number;\n',
};

const fenced = (info: string, ...code: readonly string[]) =>
  ['```'.concat(info), ...code, '```', ''].join('\n');

/** Findings in a small workspace with these documents, as the check prints them. */
const found = (files: Readonly<Record<string, string>>) =>
  findDocFaults(plantTree({ ...workspace, ...files })).map(formatFinding);

describe('the check of code in documents', () => {
  it('lets pass what compiles, and fences that import what another one is saved as', () => {
    expect(
      found({
        'README.md': fenced('ts', "import { add } from '@topgun/client';", 'console.log(add(1, 2));'),
        'docs/guides/first.md': [
          fenced('ts file=src/data.ts', 'export const price: number = 3;'),
          fenced('ts', "import { price } from './src/data.js';", 'await Promise.resolve(price.toFixed(2));'),
          fenced('json', '{ "not": "TypeScript" }'),
        ].join('\n'),
      }),
    ).toEqual([]);
  });

  it('catches wrong code wherever it stands, and names document and line', () => {
    const right = "import { add } from '@topgun/client';";
    const faults = found({
      'README.md': `# Title\n\n${fenced('ts', right, '', "add(1, 'two');")}`,
      'CONTRIBUTING.md': fenced('ts', 'const list: number[] = [];', 'list[0].toFixed();'),
      'docs/deep/er/page.md': `- a list\n\n  ${'```ts'}\n  const broken = ;\n  ${'```'}\n`,
      'packages/client/README.md': fenced('ts', "import { missing } from '@topgun/client';", 'missing();'),
    });
    expect(faults).toEqual([
      expect.stringMatching(/^README\.md:6 \[fence-types\] TS2345: .*string.*number/),
      expect.stringMatching(/^CONTRIBUTING\.md:3 \[fence-types\] TS2532: /),
      expect.stringMatching(/^docs\/deep\/er\/page\.md:4 \[fence-types\] TS1109: /),
      expect.stringMatching(/^packages\/client\/README\.md:2 \[fence-types\] TS2305: .*missing/),
    ]);
  });

  it('catches an entry that is not published, and a fence of another document', () => {
    const faults = found({
      'README.md': fenced('ts', "import { inner } from '@topgun/client/engine';", 'console.log(inner);'),
      'docs/a.md': fenced('ts file=data.ts', 'export const one = 1;'),
      'docs/b.md': fenced('ts', "import { one } from './data.js';", 'console.log(one);'),
    });
    expect(faults).toEqual([
      expect.stringMatching(/^README\.md:2 .*TS2307: .*@topgun\/client\/engine/),
      expect.stringMatching(/^docs\/b\.md:2 .*TS2307: .*\.\/data\.js/),
    ]);
  });

  it.each([
    ['no language', '', 'the language is missing'],
    ['JavaScript', 'js', 'the language is "js"'],
    ['a way to opt out', 'ts nocheck', '"nocheck" means nothing here'],
    ['text that is to be run', 'text run', 'only ts, tsx, sh, html can be run'],
  ])('catches %s', (_what, info, message) => {
    expect(readFences('README.md', `\n${fenced(info, 'x')}`).findings).toMatchObject([
      { file: 'README.md', line: 2, message: expect.stringContaining(message) },
    ]);
  });

  it('catches a fence that is never closed', () => {
    expect(readFences('README.md', '\n\n```ts\nconst a = 1;\n').findings).toMatchObject([
      { rule: 'fence-open', line: 3 },
    ]);
  });

  it('reads longer fences, tildes, and what a fence says about itself', () => {
    const text = ['````text', '```ts', 'wrong =', '```', '````', '~~~tsx run file=a.tsx', 'x', '~~~'].join(
      '\n',
    );
    const { fences, findings } = readFences('README.md', text);
    expect(findings).toEqual([]);
    expect(fences.filter(isCompiled)).toEqual([
      { file: 'README.md', line: 7, language: 'tsx', savedAs: 'a.tsx', isRun: true, code: 'x\n' },
    ]);
  });
});
