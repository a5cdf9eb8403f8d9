import { readJson, rootPath } from './root.mjs';
import { capture, run } from './shell.mjs';

const pinned = () => readJson(rootPath('package.json')).packageManager.split('@')[1];

let found;

/** Command and leading arguments of the pinned pnpm: the one on PATH if it is exactly that version, else npx's. */
async function pnpmCommand() {
  if (found === undefined) {
    const version = pinned();
    const { code, output } = await capture('pnpm', ['--version']);
    found = code === 0 && output.trim() === version ? ['pnpm'] : ['npx', '--yes', `pnpm@${version}`];
  }
  return found;
}

/** Runs the pinned pnpm with this process's output; resolves with its exit code. */
export async function pnpm(args, options) {
  const [command, ...leading] = await pnpmCommand();
  return run(command, [...leading, ...args], options);
}

/** Runs the pinned pnpm quietly; resolves with exit code and output. */
export async function capturePnpm(args, options) {
  const [command, ...leading] = await pnpmCommand();
  return capture(command, [...leading, ...args], options);
}
