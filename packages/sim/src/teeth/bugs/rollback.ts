import { AnsweredOps } from '@topgun/client/internal/engine/AnsweredOps';
import type { PendingOp } from '@topgun/client/internal/engine/PendingOp';
import { Admission } from '@topgun/server/internal/engine/Admission';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceGetter, replaceMethod } from '../replaceMethod.js';

/** A store that has lost time. */
export const rollback: readonly PlantedBug[] = [
  {
    name: 'answered ops dropped at the answer',
    profile: 'rollback',
    plant: () =>
      replaceMethod(
        AnsweredOps,
        'add',
        () =>
          function (this: AnsweredOps, op: PendingOp) {
            this.ended(op);
          },
      ),
  },
  {
    name: 'settledBelow kept over a new incarnation',
    profile: 'rollback',
    plant: () => {
      const kept = new Map<string, number>();
      return replaceMethod(
        Admission,
        'ops',
        (ops) =>
          function (this: Admission, ...[conn, message, now]: Parameters<Admission['ops']>) {
            const id = `${conn.clientId}:${message.session}`;
            const settledBelow = Math.max(kept.get(id) ?? 0, message.settledBelow);
            kept.set(id, settledBelow);
            ops.call(this, conn, { ...message, settledBelow }, now);
          },
      );
    },
  },
  {
    name: 'epochs counted up from what is left',
    profile: 'rollback',
    plant: () => {
      const epochs = new WeakMap<RecordTable, number>();
      return replaceGetter(
        RecordTable,
        'epoch',
        () =>
          function (this: RecordTable) {
            const known =
              epochs.get(this) ?? Math.max(...this.durable.partitions.map((one) => one.committed.epoch)) + 1;
            epochs.set(this, known);
            return known;
          },
      );
    },
  },
];
