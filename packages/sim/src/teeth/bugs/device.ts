import { LocalQueries } from '@topgun/client/internal/engine/LocalQueries';
import { OpLog } from '@topgun/client/internal/engine/OpLog';
import { Rejections } from '@topgun/client/internal/engine/Rejections';
import { StoreWriter } from '@topgun/client/internal/engine/StoreWriter';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** What a device keeps, and what it shows. */
export const device: readonly PlantedBug[] = [
  {
    name: 'a rejection that is not kept',
    plant: () => replaceMethod(Rejections, 'add', () => () => undefined),
  },
  {
    name: 'rows of closed queries shown in open ones',
    plant: () =>
      replaceMethod(
        LocalQueries,
        'lookFor',
        (lookFor) =>
          function (this: LocalQueries, query: Parameters<LocalQueries['lookFor']>[0]) {
            lookFor.call(this, query, 'map');
          },
      ),
  },
  {
    name: 'the log not read at start',
    plant: () => replaceMethod(OpLog, 'load', () => () => undefined),
  },
  {
    name: 'writes that the store refused are forgotten',
    plant: () =>
      replaceMethod(
        StoreWriter,
        'failed',
        () =>
          function (this: StoreWriter, id: number) {
            return this.done(id) !== undefined;
          },
      ),
  },
];
