import { Admission } from '@topgun/server/internal/engine/Admission';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import { Gate } from '@topgun/server/internal/engine/Gate';
import { mapOf } from '@topgun/server/internal/engine/Op';
import type { PlantedBug } from '../PlantedBug.js';
import { all } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Ops that come twice. */
export const dedup: readonly PlantedBug[] = [
  {
    name: 'dedup forgotten',
    plant: () => replaceMethod(DedupSession, 'find', () => () => undefined),
  },
  {
    name: 'dedup after permission',
    plant: () => {
      let gate: Gate | undefined;
      let isDenied = false;
      const undo = [
        replaceMethod(
          Gate,
          'may',
          (may) =>
            function (this: Gate, ...args: Parameters<Gate['may']>) {
              gate = this;
              return may.apply(this, args);
            },
        ),
        replaceMethod(
          DedupSession,
          'find',
          (find) =>
            function (this: DedupSession<unknown>, seq: number) {
              return isDenied ? undefined : find.call(this, seq);
            },
        ),
        replaceMethod(
          Admission,
          'admit',
          (admit) =>
            function (this: Admission, ...args: Parameters<Admission['admit']>) {
              const [op] = args;
              isDenied = gate !== undefined && !gate.may(op.conn, mapOf(op, op.mapIdx)).canPut;
              const fault = admit.apply(this, args);
              isDenied = false;
              return fault;
            },
        ),
      ];
      return all(...undo);
    },
  },
];
