import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { captureBin } from '../lib/bin.mjs';
import { capturePnpm } from '../lib/pnpm.mjs';
import { readJson, rootPath } from '../lib/root.mjs';
import { capture } from '../lib/shell.mjs';

const fault = (title, output) => `${title}\n${output.trim()}`;

/** Folders of the packages that go to the registry. */
export function publishedFolders() {
  return readdirSync(rootPath('packages'))
    .map((name) => rootPath('packages', name))
    .filter((folder) => readJson(join(folder, 'package.json')).private !== true);
}

/** Packs one package as it would be published; resolves with the tarball's path. */
export async function pack(folder, destination) {
  const { code, output } = await capturePnpm(['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
  });
  if (code !== 0) throw new Error(fault(`${folder} cannot be packed`, output));
  return JSON.parse(output.slice(output.indexOf('{'), output.lastIndexOf('}') + 1)).filename;
}

/** Faults that only the tarball shows: ranges nobody outside can resolve, tests and build state that slipped in. */
export function findTarballFaults(manifest, files) {
  const ranges = Object.entries({ ...manifest.dependencies, ...manifest.peerDependencies });
  return [
    ...ranges
      .filter(([, range]) => /^(workspace|catalog|link|file):/.test(range))
      .map(([name, range]) => `depends on ${name}@${range}, which exists in this repository only`),
    ...files
      .filter((file) => /\.(test|prop\.test|e2e\.test|bench)\.|tsbuildinfo|\.env/.test(file))
      .map((file) => `contains ${file}`),
    ...['package/LICENSE', 'package/README.md', 'package/package.json']
      .filter((file) => !files.includes(file))
      .map((file) => `lacks ${file}`),
  ];
}

async function readTarball(tarball) {
  const manifest = await capture('tar', ['-xzOf', tarball, 'package/package.json']);
  const listing = await capture('tar', ['-tzf', tarball]);
  return { manifest: JSON.parse(manifest.output), files: listing.output.trim().split('\n') };
}

async function judge(folder, destination) {
  const tarball = await pack(folder, destination);
  const { manifest, files } = await readTarball(tarball);
  const faults = findTarballFaults(manifest, files).map((text) => `${manifest.name} ${text}`);
  const lint = await captureBin('publint', ['run', tarball, '--strict']);
  if (lint.code !== 0) faults.push(fault(`${manifest.name}: publint`, lint.output));
  const types = await captureBin('attw', [tarball, '--profile', 'esm-only', '--no-color', '--no-emoji']);
  if (types.code !== 0) faults.push(fault(`${manifest.name}: are the types wrong`, types.output));
  return faults;
}

/** What npm would publish, judged as packed: its manifest, its files, publint, are-the-types-wrong. */
export async function packedPackages() {
  const destination = mkdtempSync(join(tmpdir(), 'topgun-pack-'));
  try {
    const faults = [];
    const folders = publishedFolders();
    for (const folder of folders) faults.push(...(await judge(folder, destination)));
    return { ok: faults.length === 0, output: faults.join('\n') || `${folders.length} tarballs` };
  } finally {
    rmSync(destination, { recursive: true });
  }
}
