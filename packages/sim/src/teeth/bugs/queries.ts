import { JointSwap } from '@topgun/client/internal/engine/JointSwap';
import { QueryFeed } from '@topgun/client/internal/engine/QueryFeed';
import { Walk } from '@topgun/client/internal/engine/Walk';
import { LiveWindow } from '@topgun/core';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** How queries and views of a part of a map resume (RES-4), and what waits for them (RES-6). */
export const queries: readonly PlantedBug[] = [
  {
    name: 'departure from a filtered scope missed',
    plant: () => {
      /** Walks over whole maps. */
      const whole = new WeakSet<Walk>();
      return all(
        replaceMethod(
          Walk,
          'merkle',
          (merkle) =>
            function (this: Walk, message: Parameters<Walk['merkle']>[0]) {
              if (message.query === undefined) whole.add(this);
              merkle.call(this, message);
            },
        ),
        replaceMethod(
          Walk,
          'swap',
          (swap) =>
            function (this: Walk, put: Parameters<Walk['swap']>[0]) {
              swap.call(this, (item, row) => {
                if (row !== undefined || whole.has(this)) put(item, row);
              });
            },
        ),
      );
    },
  },
  {
    name: 'digests of a query that keep what left it',
    plant: () => replaceMethod(LiveWindow, 'has', () => () => true),
  },
  {
    name: 'a query taken in as soon as its own walk is over',
    plant: () =>
      replaceMethod(
        QueryFeed,
        'message',
        (message) =>
          function (this: QueryFeed, ...args: Parameters<QueryFeed['message']>) {
            message.apply(this, args);
            if (!this.isReady) return;
            this.swap();
            if (!this.prove()) this.again();
          },
      ),
  },
  {
    name: 'deltas taken in while another map or query is behind',
    plant: () => replaceMethod(JointSwap, 'keeps', () => () => false),
  },
];
