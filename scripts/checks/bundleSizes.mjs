import { captureBin } from '../lib/bin.mjs';

/** Bundles as an app would make them (esbuild, gzip) against the limits in .size-limit.json. */
export async function bundleSizes() {
  const { code, output } = await captureBin('size-limit', ['--json']);
  const list = /^\[\s*\{.*^\]/ms.exec(output)?.[0];
  if (list === undefined) return { ok: false, output };
  const bundles = JSON.parse(list);
  const kB = (bytes) => `${(bytes / 1000).toFixed(1)} kB`;
  const lines = bundles.map((bundle) => `${bundle.name} ${kB(bundle.size)} of ${kB(bundle.sizeLimit)}`);
  return code === 0 ? { ok: true, output: lines.join(', ') } : { ok: false, output: lines.join('\n') };
}
