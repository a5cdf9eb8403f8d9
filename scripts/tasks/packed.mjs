import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { pack, publishedFolders } from '../checks/packedPackages.mjs';
import { readJson, root, rootPath } from '../lib/root.mjs';
import { capture } from '../lib/shell.mjs';
import { build } from './build.mjs';

/** A built module of packages/tools: what proves the examples in the workspace proves them here. */
const tool = (name) => import(rootPath('packages/tools/dist/docs/examples', `${name}.js`));

/** Packs every package that goes to the registry; resolves with `file:` addresses by package name. */
async function packAll(destination) {
  mkdirSync(destination);
  const tarballs = {};
  for (const folder of publishedFolders()) {
    tarballs[readJson(join(folder, 'package.json')).name] = `file:${await pack(folder, destination)}`;
  }
  return tarballs;
}

/** Installs the tarballs with npm, and what examples need beside them in the versions that the workspace has. */
async function install(folder, tarballs) {
  const { rendererPackages } = await tool('writeRenderer');
  const versionOf = (name) => readJson(rootPath('packages/react/node_modules', name, 'package.json')).version;
  const others = rendererPackages.map((name) => [name, versionOf(name)]);
  const manifest = {
    name: 'an-app-outside-the-workspace',
    private: true,
    type: 'module',
    dependencies: { ...tarballs, ...Object.fromEntries(others) },
    // Our packages depend on each other by version; those versions are the tarballs, not what the registry has.
    overrides: Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`])),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest));
  const { code, output } = await capture('npm', ['install', '--no-audit', '--no-fund'], { cwd: folder });
  if (code !== 0) throw new Error(`npm install ended with ${code}:\n${output}`);
  const doubled = Object.keys(tarballs).filter((name) =>
    existsSync(join(folder, `node_modules/${name}/node_modules/@topgun`)),
  );
  if (doubled.length > 0)
    throw new Error(`npm installed other copies of our packages below ${doubled.join(', ')}`);
}

/** What the README promises, in a folder that knows nothing of this repository. */
async function prove(folder) {
  const { startDevServer } = await tool('startDevServer');
  const { proveClientExample, proveDemo, proveReactExample } = await tool('proofs');
  const server = await startDevServer({
    command: ['npx', '--no-install', 'topgun'],
    cwd: folder,
    dataDir: join(folder, 'data'),
  });
  try {
    await proveDemo(server);
    await proveClientExample(root, folder, server);
    await proveReactExample(root, folder);
  } finally {
    await server.stop();
  }
}

/**
 * Packs all packages, installs the tarballs with plain npm into an empty folder outside the workspace, and runs there
 * `npx topgun dev` and the code of the README. Needs the registry. Prints one line when all is well.
 */
export async function testPacked() {
  if ((await build()) !== 0) return 1;
  const startedMs = Date.now();
  const folder = mkdtempSync(join(tmpdir(), 'topgun-packed-'));
  try {
    const tarballs = await packAll(join(folder, 'tarballs'));
    await install(folder, tarballs);
    await prove(folder);
    const seconds = ((Date.now() - startedMs) / 1000).toFixed(0);
    const count = Object.keys(tarballs).length;
    process.stdout.write(`${count} tarballs installed by npm; demo served, README ran (${seconds} s)\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`the packed packages in ${basename(folder)} fail: ${error.message}\n`);
    return 1;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
