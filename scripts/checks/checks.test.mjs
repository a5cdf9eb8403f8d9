import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findSizeFaults, lineCounts } from './fileSizes.mjs';
import { linesWithUrl } from './lockfile.mjs';
import { findTarballFaults } from './packedPackages.mjs';

describe('the file size check', () => {
  const exception = { file: 'packages/a/src/long.ts', linesMax: 500, reason: 'one table' };

  it('counts sources and tests, not what is built or installed', () => {
    const root = mkdtempSync(join(tmpdir(), 'topgun-sizes-'));
    onTestFinished(() => rmSync(root, { recursive: true }));
    for (const folder of ['packages/a/src', 'packages/a/dist', 'packages/a/node_modules']) {
      mkdirSync(join(root, folder), { recursive: true });
      writeFileSync(join(root, folder, 'x.ts'), 'one\ntwo\n');
    }
    writeFileSync(join(root, 'packages/a/src/x.test.ts'), 'one\n');
    expect([...lineCounts(root, ['packages'])].sort()).toEqual([
      ['packages/a/src/x.test.ts', 1],
      ['packages/a/src/x.ts', 2],
    ]);
  });

  it('catches a file over 400 lines, and one over the limit of its exception', () => {
    expect(findSizeFaults(new Map([['packages/a/src/x.ts', 401]]), [])).toHaveLength(1);
    expect(findSizeFaults(new Map([[exception.file, 501]]), [exception])).toHaveLength(1);
  });

  it('lets pass 400 lines, and more where an exception says why', () => {
    expect(
      findSizeFaults(
        new Map([
          ['packages/a/src/x.ts', 400],
          [exception.file, 500],
        ]),
        [exception],
      ),
    ).toEqual([]);
  });

  it('catches an exception that is no longer needed', () => {
    expect(findSizeFaults(new Map([[exception.file, 400]]), [exception])).toHaveLength(1);
    expect(findSizeFaults(new Map(), [exception])).toHaveLength(1);
  });
});

describe('the lockfile check', () => {
  it('catches a URL and names its line', () => {
    expect(linesWithUrl('lockfileVersion: 9\nresolution: {tarball: https://r.example/x.tgz}\n')).toEqual([
      'pnpm-lock.yaml:2: resolution: {tarball: https://r.example/x.tgz}',
    ]);
  });

  it('lets pass versions and integrity hashes', () => {
    expect(linesWithUrl('  zod@4.6.7:\n    resolution: {integrity: sha512-abc==}\n')).toEqual([]);
  });
});

describe('the tarball check', () => {
  const files = ['package/LICENSE', 'package/README.md', 'package/package.json', 'package/dist/index.js'];

  it('lets pass a sound package', () => {
    expect(findTarballFaults({ dependencies: { '@topgun/core': '^0.1.0' } }, files)).toEqual([]);
  });

  it('catches ranges that only this repository understands', () => {
    const manifest = {
      dependencies: { '@topgun/core': 'workspace:^' },
      peerDependencies: { react: 'catalog:' },
    };
    expect(findTarballFaults(manifest, files)).toHaveLength(2);
  });

  it('catches tests, build state and a missing licence', () => {
    const planted = [
      'package/README.md',
      'package/package.json',
      'package/dist/a.test.js',
      'package/dist/.tsbuildinfo',
    ];
    expect(findTarballFaults({}, planted)).toEqual([
      'contains package/dist/a.test.js',
      'contains package/dist/.tsbuildinfo',
      'lacks package/LICENSE',
    ]);
  });
});
