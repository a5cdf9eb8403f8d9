import { LocalQueries } from '@topgun/client/internal/engine/LocalQueries';
import { OpLog } from '@topgun/client/internal/engine/OpLog';
import { Rejections } from '@topgun/client/internal/engine/Rejections';
import { Uploader } from '@topgun/client/internal/engine/Uploader';
import { HLC } from '@topgun/core';
import type { OpAckMessage } from '@topgun/protocol';
import { Admission } from '@topgun/server/internal/engine/Admission';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import { Gate } from '@topgun/server/internal/engine/Gate';
import { MapState } from '@topgun/server/internal/engine/MapState';
import { mapOf } from '@topgun/server/internal/engine/Op';
import { RecordTable } from '@topgun/server/internal/engine/RecordTable';
import { ServerEngine } from '@topgun/server/internal/engine/ServerEngine';
import { Staging } from '@topgun/server/internal/engine/Staging';
import { Rng } from '../rng.js';
import { SimNode } from '../world/SimNode.js';
import type { Device } from '../world/SimRealm.js';
import { SimRealm } from '../world/SimRealm.js';
import { replaceMethod } from './replaceMethod.js';

/** A mistake one could make, put into the running code. `plant` returns how to take it out again. */
export interface PlantedBug {
  readonly name: string;
  plant(): () => void;
}

/** Bugs that the simulator must find. Each is one method of the shipped code replaced by a version with the mistake. */
export const bugs: readonly PlantedBug[] = [
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
      return () => {
        for (const take of undo) take();
      };
    },
  },
  {
    name: 'seq reused after a lost relaxed commit',
    plant: () => plantSessions((device) => `${device.name}/${device.realms.length}`),
  },
  {
    name: 'two tabs with one node id',
    plant: () => plantSessions((device) => `${device.name}/${device.disk.commitNumber}`),
  },
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
      return () => {
        for (const take of undo) take();
      };
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
    name: 'reads served from a staged, uncommitted batch',
    plant: () => {
      let table: RecordTable | undefined;
      const undo = [
        replaceMethod(
          RecordTable,
          'partition',
          (partition) =>
            function (this: RecordTable, pid: number) {
              table = this;
              return partition.call(this, pid);
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
      return () => {
        for (const take of undo) take();
      };
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
    name: 'a rejection that is not kept',
    plant: () => replaceMethod(Rejections, 'add', () => () => undefined),
  },
  {
    name: 'rows of closed queries shown in open ones',
    plant: () =>
      replaceMethod(
        LocalQueries,
        'rows',
        (rows) =>
          function (this: LocalQueries, id: string) {
            return rows.call(this, id, false);
          },
      ),
  },
  {
    name: 'the log not read at start',
    plant: () => replaceMethod(OpLog, 'load', () => () => undefined),
  },
];

const SESSION_CHARS = 11;

/** Makes realms of the same name draw the same session, instead of one from chance. */
function plantSessions(nameOf: (device: Device) => string): () => void {
  const before = SimRealm.randomFor;
  SimRealm.randomFor = (device, rng) => {
    let seed = 7;
    for (const char of nameOf(device)) seed = (Math.imul(seed, 31) + char.charCodeAt(0)) >>> 0;
    const fixed = new Rng(seed);
    let drawn = 0;
    return () => (drawn++ < SESSION_CHARS ? fixed.u32() : rng.u32());
  };
  return () => {
    SimRealm.randomFor = before;
  };
}
