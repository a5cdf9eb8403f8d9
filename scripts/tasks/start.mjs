import { rootPath } from '../lib/root.mjs';
import { run } from '../lib/shell.mjs';
import { build } from './build.mjs';

/** Builds the command and the demo, then serves both: `npm start -- --port 9000` hands its flags on. */
export async function start(args) {
  const built = await build(['@topgun/cli', '@topgun/todo']);
  if (built !== 0) return built;
  return run(process.execPath, [rootPath('bin/topgun.js'), 'dev', ...args], { stdin: 'inherit' });
}
