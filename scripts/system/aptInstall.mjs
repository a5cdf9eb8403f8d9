import { existsSync } from 'node:fs';
import { run } from '../lib/shell.mjs';
import { onPath } from './onPath.mjs';

/** True where `aptInstall` can work: Debian or a child of it, as root. */
export const canAptInstall = () =>
  process.getuid?.() === 0 && existsSync('/etc/debian_version') && onPath(['apt-get']) !== undefined;

/** Installs Debian packages without questions; waits up to two minutes for another apt. Resolves with true on success. */
export async function aptInstall(packages) {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const lock = ['-o', 'DPkg::Lock::Timeout=120'];
  const update = await run('apt-get', [...lock, 'update', '-q'], { env });
  if (update !== 0) return false;
  const code = await run(
    'apt-get',
    [...lock, 'install', '-y', '-q', '--no-install-recommends', ...packages],
    { env },
  );
  return code === 0;
}
