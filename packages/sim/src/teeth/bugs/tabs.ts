import { CommitOrder } from '@topgun/client/internal/engine/CommitOrder';
import { LockProof } from '@topgun/client/internal/engine/LockProof';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Several tabs on one store. */
export const tabs: readonly PlantedBug[] = [
  {
    name: 'commits of other tabs applied as they come',
    plant: () =>
      replaceMethod(CommitOrder, 'take', () => (_commit, apply) => {
        apply();
      }),
  },
  {
    name: 'a new leader that does not wait for what the last one wrote',
    plant: () => replaceMethod(LockProof, 'isEnough', () => () => true),
  },
];
