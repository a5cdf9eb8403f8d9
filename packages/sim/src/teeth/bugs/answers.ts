import { Overlay } from '@topgun/client/internal/engine/Overlay';
import { ReplicaMap } from '@topgun/client/internal/engine/ReplicaMap';
import { Uploader } from '@topgun/client/internal/engine/Uploader';
import type { OpAckMessage } from '@topgun/protocol';
import { Staging } from '@topgun/server/internal/engine/Staging';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** What the server answers, and what the device takes an answer for. */
export const answers: readonly PlantedBug[] = [
  {
    name: 'answer before commit',
    plant: () => {
      const ids = new WeakMap<Staging, number>();
      return replaceMethod(
        Staging,
        'tick',
        (tick) =>
          function (this: Staging, now: number) {
            tick.call(this, now);
            const before = this.commits;
            const next = (ids.get(this) ?? 0) + 1;
            this.committed(next, 'committed');
            if (this.commits > before) ids.set(this, next);
          },
      );
    },
  },
  {
    name: 'cumulative answer by string order',
    plant: () =>
      replaceMethod(
        Uploader,
        'answer',
        (answer) =>
          function (this: Uploader, message: OpAckMessage) {
            const last = message.spans.at(-1);
            if (last === undefined) return answer.call(this, message);
            const upTo = String(last[0] + last[1] - 1);
            const spans = Array.from({ length: 400 }, (_, i) => [i + 1, 1, 0] as const).filter(
              ([seq]) => String(seq) <= upTo,
            );
            answer.call(this, { ...message, spans, pos: [] });
          },
      ),
  },
  {
    name: 'answer of one op taken for the next one',
    plant: () =>
      replaceMethod(
        Uploader,
        'answer',
        (answer) =>
          function (this: Uploader, message: OpAckMessage) {
            answer.call(this, {
              ...message,
              spans: message.spans.map(([seq, count, outcome]) => [seq + 1, count, outcome] as const),
            });
          },
      ),
  },
  {
    name: 'a delta that re-inserts behind an ahead mark',
    profile: 'ahead',
    plant: () => replaceMethod(ReplicaMap, 'markGone', () => () => undefined),
  },
  {
    name: 'counter row and waiting increment shown together',
    plant: () => {
      let isPut = false;
      return all(
        replaceMethod(
          ReplicaMap,
          'put',
          (put) =>
            function (this: ReplicaMap, ...args: Parameters<ReplicaMap['put']>) {
              isPut = true;
              put.apply(this, args);
              isPut = false;
            },
        ),
        // The increments that were sent are what a row of a counter waits for.
        replaceMethod(
          Overlay,
          'of',
          (of) =>
            function (this: Overlay, key: string) {
              return isPut ? [] : of.call(this, key);
            },
        ),
      );
    },
  },
];
