import { Uplink } from '@topgun/client/internal/engine/Uplink';
import { millisOf } from '@topgun/core';
import { Admission } from '@topgun/server/internal/engine/Admission';
import { Batch } from '@topgun/server/internal/engine/Batch';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import { Row } from '@topgun/server/internal/engine/Row';
import { GC } from '../../profiles/gc.js';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

const profile = GC.name;
const NO_FLOOR = { t: 0, node: '' };

/** What is forgotten of deletions, and what is made of that. */
export const deletions: readonly PlantedBug[] = [
  {
    name: 'purge without a floor',
    profile,
    plant: () =>
      replaceMethod(
        RecordTable,
        'purge',
        (purge) =>
          function (this: RecordTable, one) {
            purge.call(this, { ...one, gc: { ...one.gc, floor: NO_FLOOR } });
          },
      ),
  },
  {
    name: 'floor not durable',
    profile,
    plant: () =>
      replaceMethod(
        Batch,
        'toCommit',
        (toCommit) =>
          function (this: Batch, table) {
            const { slices, meta } = toCommit.call(this, table);
            const without = slices.map((slice) => {
              return slice.gc === undefined ? slice : { ...slice, gc: { ...slice.gc, floor: NO_FLOOR } };
            });
            return { slices: without, meta };
          },
      ),
  },
  {
    name: 'STALE_OP pins the queue',
    profile,
    plant: () =>
      replaceMethod(
        Uplink,
        'refuse',
        (refuse) =>
          function (this: Uplink, op, code) {
            if (code !== 'STALE_OP') refuse.call(this, op, code);
          },
      ),
  },
  {
    name: 'stale write refused like any other',
    profile,
    plant: () =>
      replaceMethod(
        Uplink,
        'refuse',
        (refuse) =>
          function (this: Uplink, op, code) {
            refuse.call(this, op, code === 'STALE_OP' ? 'DENIED' : code);
          },
      ),
  },
  {
    name: 'expiry brings a record back for good',
    profile,
    plant: () =>
      replaceMethod(
        Row,
        'ended',
        (ended) =>
          function (this: Row, epoch, n) {
            const { value } = this;
            return new Row({ ...this, ...ended.call(this, epoch, n), value, ttlMs: undefined } as never);
          },
      ),
  },
  {
    name: 'dedup after the floor',
    profile,
    plant: () => {
      let isOld = false;
      return all(
        replaceMethod(
          Admission,
          'admit',
          (admit) =>
            function (this: Admission, op, now) {
              isOld = millisOf(op.t) < now - (GC.serverLimits?.retentionMs ?? 0);
              return admit.call(this, op, now);
            },
        ),
        replaceMethod(
          DedupSession,
          'find',
          (find) =>
            function (this: DedupSession<unknown>, seq: number) {
              return isOld ? undefined : find.call(this, seq);
            },
        ),
      );
    },
  },
];
