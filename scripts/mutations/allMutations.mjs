import { clusterMutations } from './clusterMutations.mjs';
import { databaseMutations } from './databaseMutations.mjs';
import { mutations } from './mutations.mjs';
import { realtimeMutations } from './realtimeMutations.mjs';

/** Each mistake has a name of its own. */
export const allMutations = [...mutations, ...realtimeMutations, ...databaseMutations, ...clusterMutations];
