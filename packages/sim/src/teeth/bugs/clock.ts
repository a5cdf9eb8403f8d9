import { RealmClock } from '@topgun/client/internal/engine/RealmClock';
import { HLC } from '@topgun/core';
import { MapState } from '@topgun/server/internal/engine/MapState';
import { ServerEngine } from '@topgun/server/internal/engine/ServerEngine';
import { SimNode } from '../../world/SimNode.js';
import type { PlantedBug } from '../PlantedBug.js';
import { all } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Clocks and stamps. */
export const clock: readonly PlantedBug[] = [
  {
    name: 'clock moved by an unauthenticated frame',
    plant: () => {
      let clock: HLC | undefined;
      const undo = [
        replaceMethod(SimNode, 'profileOf', () => () => 'client' as const),
        replaceMethod(
          HLC,
          'updatePacked',
          (update) =>
            function (this: HLC, t: number) {
              if (this.getNodeId === 'node-1') clock = this;
              return update.call(this, t);
            },
        ),
        replaceMethod(
          ServerEngine,
          'message',
          (message) =>
            function (this: ServerEngine, ...args: Parameters<ServerEngine['message']>) {
              const [, frame] = args;
              if (frame.type === 'OPS') for (const row of frame.rows) clock?.raiseTo(row[4]);
              message.apply(this, args);
            },
        ),
      ];
      return all(...undo);
    },
  },
  {
    name: 'tie broken by arrival',
    plant: () =>
      replaceMethod(
        MapState,
        'current',
        (current) =>
          function (this: MapState, item: string) {
            const row = current.call(this, item);
            if (row === undefined) return undefined;
            // For the comparison, which reads it first, the row that stands has the least of all node ids: it loses every tie.
            let reads = 0;
            return Object.create(row, { node: { get: () => (reads++ === 0 ? '' : row.node) } });
          },
      ),
  },
  {
    name: 'a clock ten years ahead that never recovers',
    // What was stamped again is still above all that the clock ever stamped.
    plant: () => replaceMethod(RealmClock, 'reset', () => () => undefined),
  },
];
