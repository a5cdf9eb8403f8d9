import { HLC } from '@topgun/core';
import { Judge } from '@topgun/server/internal/engine/Judge';
import { Lane } from '@topgun/server/internal/engine/Lane';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import type { PlantedBug } from '../PlantedBug.js';
import { all } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Records from the future, and their repair. */
export const repair: readonly PlantedBug[] = [
  {
    name: 'a write on top of a repair that forgets it',
    plant: () =>
      replaceMethod(
        Judge,
        'rule',
        (rule) =>
          function (this: Judge, ...args: Parameters<Judge['rule']>) {
            const fault = rule.apply(this, args);
            for (const row of this.rows) delete (row as { repaired?: number }).repaired;
            return fault;
          },
      ),
  },
  {
    name: 'a clock that follows a stored record into the future',
    plant: () =>
      replaceMethod(
        HLC,
        'updatePacked',
        (update) =>
          function (this: HLC, t: number) {
            if (this.getNodeId.startsWith('node-1')) this.raiseTo(t);
            return update.call(this, t);
          },
      ),
  },
  {
    name: 'a repair at an old place of its partition',
    plant: () => {
      let isRepairing = false;
      return all(
        replaceMethod(
          RecordTable,
          'nextEpoch',
          () =>
            function (this: RecordTable) {
              isRepairing = true;
              return this.epoch;
            },
        ),
        replaceMethod(
          Lane,
          'partition',
          (partition) =>
            function (this: Lane, pid: number) {
              const found = partition.call(this, pid);
              if (!isRepairing) return found;
              isRepairing = false;
              return Object.create(found, { staged: { value: found.staged - 1, writable: true } });
            },
        ),
      );
    },
  },
];
