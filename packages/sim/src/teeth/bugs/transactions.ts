import { OpLog } from '@topgun/client/internal/engine/OpLog';
import type { PendingOp, Write } from '@topgun/client/internal/engine/PendingOp';
import { ReplicaMap } from '@topgun/client/internal/engine/ReplicaMap';
import { Scope } from '@topgun/client/internal/engine/Scope';
import { Judge } from '@topgun/server/internal/engine/Judge';
import { SimNode } from '../../world/SimNode.js';
import type { PlantedBug } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

/** A pair, and one half of the next. */
const WRITES_MAX = 3;

/** Several writes as one. */
export const transactions: readonly PlantedBug[] = [
  {
    name: 'a transaction split by the size of a frame',
    plant: () =>
      replaceMethod(
        OpLog,
        'transact',
        (transact) =>
          function (this: OpLog, writes: readonly Write[]) {
            let seq = 0;
            for (let at = 0; at < writes.length; at += WRITES_MAX)
              seq = transact.call(this, writes.slice(at, at + WRITES_MAX));
            return seq;
          },
      ),
  },
  {
    name: 'overlay folded row by row',
    plant: () => {
      let late: (readonly [map: ReplicaMap, part: PendingOp])[] = [];
      return replaceMethod(
        ReplicaMap,
        'removeOp',
        (removeOp) =>
          function (this: ReplicaMap, op: PendingOp) {
            // All but the first write of a transaction leave with the end of the next op.
            const due = late.filter(([, { whole }]) => whole !== op.whole);
            late = late.filter(([, { whole }]) => whole === op.whole);
            for (const [map, part] of due) removeOp.call(map, part);
            if (op.whole === undefined || op.whole.parts?.[0] === op) removeOp.call(this, op);
            else late.push([this, op]);
          },
      );
    },
  },
  {
    name: 'coalescing inside a transaction',
    plant: () =>
      replaceMethod(
        OpLog,
        'transact',
        (transact) =>
          function (this: OpLog, writes: readonly Write[]) {
            for (const op of [...this.ops()]) {
              const isMet = op.parts?.some(({ key }) => writes.some((write) => write.key === key));
              if (isMet && !op.isSent) this.remove(op);
            }
            return transact.call(this, writes);
          },
      ),
  },
  {
    name: 'each map swapped in as soon as its own walk is over',
    plant: () =>
      replaceMethod(
        Scope,
        'message',
        (message) =>
          function (this: Scope, ...args: Parameters<Scope['message']>) {
            message.apply(this, args);
            if (!this.isReady) return;
            this.swap();
            if (!this.prove()) this.again();
          },
      ),
  },
  {
    name: 'frames of one turn applied one by one',
    plant: () =>
      replaceMethod(SimNode, 'sendTurn', () => (link, frames) => {
        for (const frame of frames) link.send('client', frame);
      }),
  },
  {
    name: 'a transaction applied up to its first refused write',
    plant: () =>
      replaceMethod(
        Judge,
        'rule',
        (rule) =>
          function (this: Judge, ...args: Parameters<Judge['rule']>) {
            const code = rule.apply(this, args);
            return this.rows.length > 0 ? undefined : code;
          },
      ),
  },
];
