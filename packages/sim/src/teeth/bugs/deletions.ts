import { Uplink } from '@topgun/client/internal/engine/Uplink';
import { millisOf } from '@topgun/core';
import { Admission } from '@topgun/server/internal/engine/Admission';
import { Batch } from '@topgun/server/internal/engine/Batch';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import { Partition, START } from '@topgun/server/internal/engine/Partition';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import { Resume } from '@topgun/server/internal/engine/Resume';
import { Row } from '@topgun/server/internal/engine/Row';
import { ServerEngine } from '@topgun/server/internal/engine/ServerEngine';
import { GC } from '../../profiles/gc.js';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceGetter, replaceMethod } from '../replaceMethod.js';

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
          function (this: RecordTable, lane, one) {
            purge.call(this, lane, { ...one, gc: { ...one.gc, floor: NO_FLOOR } });
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
          function (this: Batch, ...args) {
            const { slices, meta } = toCommit.apply(this, args);
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
          function (this: Uplink, op, code, reason) {
            if (code !== 'STALE_OP') refuse.call(this, op, code, reason);
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
          function (this: Uplink, op, code, reason) {
            refuse.call(this, op, code === 'STALE_OP' ? 'DENIED' : code, reason);
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
  {
    name: 'a cursor judged by the floor alone',
    profile,
    plant: () => {
      let isJudging = false;
      return all(
        replaceMethod(
          Resume,
          'startOf',
          (startOf) =>
            function (this: Resume, ...args: Parameters<Resume['startOf']>) {
              isJudging = true;
              const start = startOf.apply(this, args);
              isJudging = false;
              return start;
            },
        ),
        replaceGetter(
          Partition,
          'gcOffset',
          (gcOffset) =>
            function (this: Partition) {
              return isJudging ? START : gcOffset.call(this);
            },
        ),
      );
    },
  },
  {
    name: 'an offset given again after a purge of the top row',
    profile,
    plant: () => {
      const tables = new WeakMap<readonly Partition[], number>();
      let loading: RecordTable | undefined;
      return all(
        // The place of a partition is taken from its rows where the marks have come as far as its last offset.
        replaceMethod(
          RecordTable,
          'load',
          (load) =>
            function (this: RecordTable, record) {
              loading = this;
              load.call(this, record);
            },
        ),
        replaceMethod(
          ServerEngine,
          'load',
          (load) =>
            function (this: ServerEngine, ...args: Parameters<ServerEngine['load']>) {
              load.apply(this, args);
              const { partitions } = loading?.durable ?? { partitions: [] };
              const epoch = Math.max(0, ...partitions.map((one) => one.committed.epoch));
              tables.set(partitions, epoch);
              for (const one of partitions) {
                const { committed, gcOffset } = one;
                const isPurged = committed.epoch === gcOffset.epoch && committed.n === gcOffset.n;
                if (isPurged)
                  one.committed = one.changes.since(START, Number.MAX_SAFE_INTEGER).at(-1) ?? START;
                if (one.committed.epoch === epoch) one.staged = one.committed.n;
              }
            },
        ),
        // An epoch that goes on over a restart.
        replaceGetter(
          RecordTable,
          'epoch',
          (epoch) =>
            function (this: RecordTable) {
              return tables.get(this.durable.partitions) || epoch.call(this);
            },
        ),
      );
    },
  },
];
