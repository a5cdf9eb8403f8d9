import { pnpm } from '../lib/pnpm.mjs';

/**
 * Builds through turbo, which skips what has not changed. `filters` name packages; each brings what it depends on.
 * pnpm starts turbo, because turbo in turn needs pnpm on its PATH.
 */
export function build(filters = []) {
  const selection = filters.map((name) => `--filter=${name}...`);
  return pnpm(['exec', 'turbo', 'run', 'build', '--output-logs=errors-only', ...selection]);
}
