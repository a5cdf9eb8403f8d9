import { CommitOrder } from '@topgun/client/internal/engine/CommitOrder';
import { LockProof } from '@topgun/client/internal/engine/LockProof';
import { RealmMachine } from '@topgun/client/internal/engine/RealmMachine';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Several tabs on one store. */
export const tabs: readonly PlantedBug[] = [
  {
    name: 'a robbed leader keeps its wants to itself',
    plant: () =>
      replaceMethod(
        RealmMachine,
        'lockLost',
        (lockLost) =>
          function (this: RealmMachine) {
            // The shipped method reaches its app side under this name.
            const { app } = this as unknown as { readonly app: { changed?: () => void } };
            app.changed = () => undefined;
            lockLost.call(this);
            delete app.changed;
          },
      ),
  },
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
