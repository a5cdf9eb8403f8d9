import { Replica } from '@topgun/client/internal/engine/Replica';
import { Touched } from '@topgun/client/internal/engine/Touched';
import { ChangeChain } from '@topgun/server/internal/engine/ChangeChain';
import { Cursors } from '@topgun/server/internal/engine/Cursors';
import { MapState } from '@topgun/server/internal/engine/MapState';
import { MAPS } from '../../workload/maps.js';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** How a device goes on where it was (RES-3, DEV-3). A walk mends all of these, so the law about resumes has to find them. */
export const resume: readonly PlantedBug[] = [
  {
    name: 'a departure missed by a resume',
    plant: () =>
      replaceMethod(
        MapState,
        'changesIn',
        (changesIn) =>
          function (this: MapState, ...args: Parameters<MapState['changesIn']>) {
            return changesIn.apply(this, args).filter(({ value }) => value !== undefined);
          },
      ),
  },
  {
    name: 'an item indexed by its first offset instead of its last',
    plant: () =>
      replaceMethod(
        ChangeChain,
        'note',
        (note) =>
          function (this: ChangeChain, ...args: Parameters<ChangeChain['note']>) {
            const [slot] = args;
            if (slot.earlier === undefined && slot.later === undefined) note.apply(this, args);
          },
      ),
  },
  {
    name: 'a cursor stored without the rows it stands for',
    plant: () => {
      let rows = 0;
      return replaceMethod(
        Replica,
        'persist',
        (persist) =>
          function (this: Replica, ...args: Parameters<Replica['persist']>) {
            if (++rows % 5 > 0) persist.apply(this, args);
          },
      );
    },
  },
  {
    name: 'a cursor taken for one of another map',
    plant: () =>
      all(
        replaceMethod(
          Replica,
          'keepCursor',
          (keepCursor) =>
            function (this: Replica, _: string, cursor: Uint8Array | undefined) {
              for (const map of Object.values(MAPS)) keepCursor.call(this, map, cursor);
            },
        ),
        replaceMethod(
          Cursors,
          'read',
          (read) =>
            function (this: Cursors, { lane }: MapState, cursor: Uint8Array) {
              for (const name of Object.values(MAPS)) {
                const places = read.call(this, { name, lane } as MapState, cursor);
                if (places !== undefined) return places;
              }
              return undefined;
            },
        ),
      ),
  },
  {
    name: 'a cursor kept although a view hid rows',
    plant: () =>
      replaceMethod(
        Replica,
        'keepCursor',
        (keepCursor) =>
          function (this: Replica, map: string, cursor: Uint8Array | undefined) {
            if (cursor !== undefined) keepCursor.call(this, map, cursor);
          },
      ),
  },
  {
    name: 'a repeated answer put above what came by cursor',
    plant: () =>
      replaceMethod(
        Touched,
        'has',
        (has) =>
          function (this: Touched, item: string) {
            return has.call(this, item, undefined);
          },
      ),
  },
];
