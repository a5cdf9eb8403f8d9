import { FUSION_K } from './fuseRankings.js';
import { textError } from './textErrors.js';

/** How much the two rankings of a hybrid search count, and how flat their curve is (SRCH-16). */
export interface Fusion {
  readonly k: number;
  readonly text: number;
  readonly sort: number;
}

const K_MAX = 1_000;
const WEIGHT_MAX = 1_000;

/** The fusion of these options, checked. Throws `SEARCH_INVALID`. */
export function normalizeFusion(options: {
  readonly k?: number;
  readonly weights?: { readonly text?: number; readonly sort?: number };
}): Fusion {
  const { k = FUSION_K, weights: { text = 1, sort = 1 } = {} } = options;
  check(k >= 1 && k <= K_MAX, 'k', k);
  check(text >= 0 && text <= WEIGHT_MAX, 'weights.text', text);
  check(sort >= 0 && sort <= WEIGHT_MAX, 'weights.sort', sort);
  return { k, text, sort };
}

function check(holds: boolean, option: string, found: unknown): void {
  if (!holds || typeof found !== 'number')
    throw textError('SEARCH_INVALID', `The option ${option} of a hybrid search cannot be ${String(found)}.`);
}
