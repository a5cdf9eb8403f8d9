import { captureBin } from '../lib/bin.mjs';

/**
 * What a bundle is to come down to, kB. .size-limit.json holds the ceilings: what the bundles weigh today, so that none grows meanwhile.
 * A goal that is reached becomes the ceiling.
 */
const GOALS_KB = { 'client with IndexedDB adapter': 32, react: 4, 'core maps': 6 };

/** Bundles as an app would make them (esbuild, gzip) against the ceilings in .size-limit.json and the goals above. */
export async function bundleSizes() {
  const { code, output } = await captureBin('size-limit', ['--json']);
  const list = /^\[\s*\{.*^\]/ms.exec(output)?.[0];
  if (list === undefined) return { ok: false, output };
  const bundles = JSON.parse(list);
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const goalOf = ({ name, size }) => {
    const goal = GOALS_KB[name];
    return goal === undefined || size <= goal * 1000 ? '' : ` (goal ${goal} kB NOT REACHED)`;
  };
  const lines = bundles.map(
    (bundle) => `${bundle.name} ${kB(bundle.size)} of ${kB(bundle.sizeLimit)}${goalOf(bundle)}`,
  );
  return code === 0 ? { ok: true, output: lines.join(', ') } : { ok: false, output: lines.join('\n') };
}
