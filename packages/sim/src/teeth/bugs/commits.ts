import { Admission } from '@topgun/server/internal/engine/Admission';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import { Staging } from '@topgun/server/internal/engine/Staging';
import type { PlantedBug } from '../PlantedBug.js';
import { all } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Between staging and the disk of the server. */
export const commits: readonly PlantedBug[] = [
  {
    name: 'reads served from a staged, uncommitted batch',
    plant: () => {
      let table: RecordTable | undefined;
      const undo = [
        replaceMethod(
          RecordTable,
          'laneOf',
          (laneOf) =>
            function (this: RecordTable, name: string) {
              table = this;
              return laneOf.call(this, name);
            },
        ),
        replaceMethod(
          Staging,
          'stage',
          (stage) =>
            function (this: Staging, ...args: Parameters<Staging['stage']>) {
              stage.apply(this, args);
              for (const row of args[1]) table?.put(table.obtain(row.map), row);
            },
        ),
      ];
      return all(...undo);
    },
  },
  {
    name: 'a failed flush not re-admitted',
    plant: () =>
      replaceMethod(Admission, 'readmit', () => (ops) => {
        for (const op of ops) op.session.stage(op.seq, op);
      }),
  },
  {
    name: 'a failed flush taken for a commit',
    plant: () =>
      replaceMethod(
        Staging,
        'committed',
        (committed) =>
          function (this: Staging, id: number) {
            committed.call(this, id, 'committed');
          },
      ),
  },
  {
    name: 'an unknown commit taken for a failed one',
    plant: () => judgeUnknown('failed'),
  },
  {
    name: 'an unknown commit taken for a sound one',
    plant: () => judgeUnknown('committed'),
  },
];

const judgeUnknown = (as: 'failed' | 'committed'): (() => void) =>
  replaceMethod(
    Staging,
    'committed',
    (committed) =>
      function (this: Staging, id: number, result: Parameters<Staging['committed']>[1]) {
        committed.call(this, id, result === 'unknown' ? as : result);
      },
  );
