import { others } from './others.js';
import type { Plant } from './Plant.js';
import { queries } from './queries.js';
import { scopes } from './scopes.js';

/** At least one for each outlet. */
export const plants: readonly Plant[] = [...scopes, ...queries, ...others];
