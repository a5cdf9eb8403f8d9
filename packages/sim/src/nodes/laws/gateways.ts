import { ACK_LEVEL, type OpAckMessage } from '@topgun/protocol';
import { settledIn } from '@topgun/server/internal/engine/cluster/HeldAnswers';
import { compareOffsets, type Offset } from '@topgun/server/internal/storage/Store';
import { type ClusterWatch, type ClusterWorld, PATIENCE_MS } from '../ClusterWorld.js';
import type { SimMember } from '../SimMember.js';
import type { ClusterLaw } from './ClusterLaw.js';

interface Entering {
  readonly sinceMs: number;
  readonly told: ReadonlyMap<number, Offset>;
}

/**
 * CLU-32: a gateway passes an answer on when it knows what the answer is about. CLU-23: what anybody had been told before a client
 * came is known to the node that lets it in. Neither is judged once time was lost.
 */
export const gateways: ClusterLaw = {
  watch(world) {
    const told = new Map<number, Offset>();
    const entering = new Map<number, Entering>();
    return {
      entering(conn) {
        // A token that is renewed meanwhile makes nobody wait for longer.
        if (!entering.has(conn)) entering.set(conn, { sinceMs: world.scheduler.nowMs, told: new Map(told) });
      },
      said(by, message, conn) {
        if (world.store.rollbacks > 0) return;
        if (message.type === 'OP_ACK') answered(world, by, message, told);
        if (message.type === 'SERVER_EVENT')
          for (const [pid, , , epoch, n] of message.parts) raise(told, pid, { epoch, n });
        if (message.type !== 'AUTH_ACK') return;
        const came = entering.get(conn);
        entering.delete(conn);
        if (came === undefined || world.scheduler.nowMs - came.sinceMs > PATIENCE_MS) return;
        for (const [pid, place] of came.told)
          if (isBehind(by, pid, place))
            world.fail(
              `CLU-23: ${by.self.name} lets a client in and lacks (${place.epoch}, ${place.n}) of ${pid}`,
            );
      },
    } satisfies ClusterWatch;
  },
};

function answered(
  world: ClusterWorld,
  by: SimMember,
  message: OpAckMessage,
  told: Map<number, Offset>,
): void {
  if (message.level !== ACK_LEVEL.PERSISTED) return;
  for (const { pid, n } of settledIn(message)) {
    if (n === 0) continue;
    const place = { epoch: message.epoch, n };
    if (isBehind(by, pid, place))
      world.fail(`CLU-32: ${by.self.name} passes an answer on and lacks (${place.epoch}, ${n}) of ${pid}`);
    raise(told, pid, place);
  }
}

function raise(told: Map<number, Offset>, pid: number, place: Offset): void {
  const before = told.get(pid);
  if (before === undefined || compareOffsets(place, before) > 0) told.set(pid, place);
}

function isBehind({ engine }: SimMember, pid: number, place: Offset): boolean {
  const known = engine.cluster?.placeOf(pid);
  return known === undefined || compareOffsets(known, place) < 0;
}
