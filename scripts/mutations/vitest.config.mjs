import { fileURLToPath } from 'node:url';
import { mergeConfig } from 'vitest/config';
import unit from '../../vitest.config.ts';
import { allMutations } from './allMutations.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const chosen = allMutations.find(({ name }) => name === process.env.TOPGUN_MUTATION);

/** Swaps the mistake in while the file is loaded; the file itself stays as it is. */
const mutate = {
  name: 'mutate',
  enforce: 'pre',
  transform(code, id) {
    if (id.split('?')[0] !== `${root}${chosen.file}`) return undefined;
    return { code: code.replace(chosen.find, () => chosen.replace), map: null };
  },
};

export default mergeConfig(unit, { root, plugins: [mutate] });
