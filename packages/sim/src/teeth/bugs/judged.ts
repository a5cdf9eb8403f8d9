import type { PendingOp } from '@topgun/client/internal/engine/PendingOp';
import { ReplicaMap } from '@topgun/client/internal/engine/ReplicaMap';
import type { BaseRow } from '@topgun/client/internal/engine/rows';
import { Settlement } from '@topgun/client/internal/engine/Settlement';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import type { Op } from '@topgun/server/internal/engine/Op';
import { Arbiter, type Ruling } from '@topgun/server/internal/engine/resolvers/Arbiter';
import { all, type PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** Rejections, and writes that a resolver judges. */
export const judged: readonly PlantedBug[] = [
  {
    name: 'a rejection rolls base back to what it was before the write',
    plant: () => {
      const before = new WeakMap<PendingOp, BaseRow>();
      let isRefused = false;
      return all(
        replaceMethod(
          ReplicaMap,
          'addOp',
          (addOp) =>
            function (this: ReplicaMap, op: PendingOp) {
              const row = this.base.get(op.key);
              if (row !== undefined) before.set(op, row);
              addOp.call(this, op);
            },
        ),
        replaceMethod(
          ReplicaMap,
          'removeOp',
          (removeOp) =>
            function (this: ReplicaMap, op: PendingOp) {
              removeOp.call(this, op);
              if (isRefused && this.kind === 'LWW') this.put(op.key, before.get(op));
            },
        ),
        replaceMethod(
          Settlement,
          'refused',
          (refused) =>
            function (this: Settlement, op: PendingOp) {
              isRefused = true;
              refused.call(this, op);
              isRefused = false;
            },
        ),
      );
    },
  },
  {
    name: 'an answer drops the write before base has its value',
    plant: () => {
      let isAnswer = false;
      return all(
        replaceMethod(
          Settlement,
          'answered',
          (answered) =>
            function (this: Settlement, ...args: Parameters<Settlement['answered']>) {
              isAnswer = true;
              answered.apply(this, args);
              isAnswer = false;
            },
        ),
        replaceMethod(
          ReplicaMap,
          'accept',
          (accept) =>
            function (this: ReplicaMap, row: BaseRow) {
              if (!isAnswer) accept.call(this, row);
            },
        ),
      );
    },
  },
  {
    name: 'a value of a resolver under the stamp of its op',
    plant: () =>
      replaceMethod(
        Arbiter,
        'rule',
        (rule) =>
          function (this: Arbiter, ...args: Parameters<Arbiter['rule']>): Ruling {
            const ruling = rule.apply(this, args);
            if ('code' in ruling || ruling.version === undefined) return ruling;
            const { t, node }: Op = args[1];
            return { ...ruling, version: { ...ruling.version, t, node } };
          },
      ),
  },
  {
    name: 'a resolver run again on a replay',
    plant: () =>
      replaceMethod(
        DedupSession,
        'find',
        (find) =>
          function (this: DedupSession<unknown>, seq: number) {
            const known = find.call(this, seq);
            return known?.outcome === 2 ? undefined : known;
          },
      ),
  },
  {
    name: 'writes replaced on a map with a resolver',
    plant: () =>
      replaceMethod(
        ReplicaMap,
        'treated',
        (treated) =>
          function (this: ReplicaMap, _hasResolver, isVolatile) {
            return treated.call(this, false, isVolatile);
          },
      ),
  },
];
