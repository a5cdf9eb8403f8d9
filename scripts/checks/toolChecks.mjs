import { captureBin } from '../lib/bin.mjs';
import { rootPath } from '../lib/root.mjs';
import { capture } from '../lib/shell.mjs';

/** A check done by one tool: its own words when it fails, one line when it is content. */
const judged = async (fine, running) => {
  const { code, output } = await running;
  return code === 0 ? { ok: true, output: fine } : { ok: false, output };
};

export const biome = () =>
  judged('formatted and linted', captureBin('biome', ['check', '--error-on-warnings', '--colors=off', '.']));

export const types = () => judged('sources and tests', captureBin('tsc', ['-b', '--pretty', 'false']));

export const unused = () =>
  judged('no unused file, export or dependency', captureBin('knip', ['--no-progress', '--no-config-hints']));

/** Copied code: 12 lines or more that say the same in 90 tokens or more, tests aside (see .jscpd.json). */
export async function duplicates() {
  const { code, output } = await captureBin('jscpd', ['--no-colors', '--config', rootPath('.jscpd.json')]);
  if (code === 0) return { ok: true, output: 'no 12 lines written twice' };
  const clones = output.split('\n').filter((line) => /^(Clone found| - | {3}\S)/.test(line));
  return { ok: false, output: clones.join('\n') || output };
}

/** The checks that packages/tools implements with a compiler of its own. */
export const withTools = (name) => async () => {
  const { code, output } = await capture(process.execPath, [rootPath('packages/tools/dist/main.js'), name]);
  return { ok: code === 0, output };
};
