import type { TopGunError } from '@topgun/core';
import { serverError } from '../errors.js';

/** Why every node of a cluster ends when one has found that the store has lost time: each may hold what the store and its peers do not. */
export const lifeOver = (): TopGunError =>
  serverError('STORE_STOPPED', 'The store has begun another life, for time was lost.');
