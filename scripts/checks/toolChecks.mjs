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
  judged('no unused file, export or dependency', captureBin('knip', ['--no-progress', '--treat-config-hints-as-errors']));

export const duplicates = () =>
  judged('no 12 lines written twice', captureBin('jscpd', ['--no-colors', '--config', rootPath('.jscpd.json')]));

/** The checks that packages/tools implements with a compiler of its own. */
export const withTools = (name) => async () => {
  const { code, output } = await capture(process.execPath, [rootPath('packages/tools/dist/main.js'), name]);
  return { ok: code === 0, output };
};
