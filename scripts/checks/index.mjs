import { mutationsNoticed } from '../mutations/mutationsNoticed.mjs';
import { bundleSizes } from './bundleSizes.mjs';
import { fileSizes } from './fileSizes.mjs';
import { lockfile } from './lockfile.mjs';
import { packedPackages } from './packedPackages.mjs';
import { biome, duplicates, types, unused, withTools } from './toolChecks.mjs';

/**
 * The rules of the house that a program can watch, by name, in the order of `npm run verify`. Each resolves with
 * `{ ok, output }`: one line when all is well, else what is wrong and where.
 */
export const checks = {
  lockfile,
  filesizes: fileSizes,
  biome,
  types,
  rooms: withTools('rooms'),
  purity: withTools('purity'),
  imports: withTools('imports'),
  docs: withTools('docs'),
  invariants: withTools('invariants'),
  checklists: withTools('checklists'),
  mutations: mutationsNoticed,
  unused,
  duplicates,
  packages: packedPackages,
  bundles: bundleSizes,
};
