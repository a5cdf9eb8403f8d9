import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { pnpm } from './pnpm.mjs';
import { rootPath } from './root.mjs';
import { SetupError } from './SetupError.mjs';

const stampFile = rootPath('node_modules', '.topgun-installed');

const lockfileHash = () =>
  createHash('sha256')
    .update(readFileSync(rootPath('pnpm-lock.yaml')))
    .digest('hex');

/**
 * Installs what the lockfile names, unless the last installation was of this very lockfile. Modification times
 * are not asked: git sets them to the time of the checkout.
 */
export async function install() {
  const wanted = lockfileHash();
  if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === wanted) return;
  process.stdout.write('Installing dependencies…\n');
  const code = await pnpm([
    'install',
    '--frozen-lockfile',
    '--prefer-offline',
    '--prod=false', // NODE_ENV=production must not leave the build tools out
    '--reporter=append-only',
    '--config.confirm-modules-purge=false',
  ]);
  if (code !== 0) {
    throw new SetupError(
      `Dependencies could not be installed (pnpm ended with ${code}).`,
      'The lines above say why. After editing a package.json, run: npx pnpm@10.34.9 install',
    );
  }
  writeFileSync(stampFile, wanted);
}
