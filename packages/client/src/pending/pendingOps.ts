import { millisOf } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import { OP_NAMES, opId, type PendingOp, reachOf } from '../engine/PendingOp.js';
import type { Rejection } from '../engine/ports.js';
import { engineOf } from '../engineOf.js';
import type { TopGunClient } from '../TopGunClient.js';

/** A write of this device that the server has not answered. */
export interface PendingWrite {
  /** `clientId:session:seq`, the id of a rejection of it too. */
  readonly id: string;
  readonly map: string;
  readonly key: string;
  readonly op: Rejection['op'];
  /** As far as this tab knows; `durable` of another tab's, and of those made before a reload. */
  readonly state: 'local' | 'durable' | 'sent' | 'received' | 'applied';
  /** Time since it was made, by the server's clock. */
  readonly ageMs: number;
  /** Upper bound of its size on the way to the server. */
  readonly bytes: number;
}

export interface PendingPageOptions {
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  /** Writes on one page, 1 to 1,000. Default 100. */
  readonly limit?: number;
}

export interface PendingPage {
  readonly writes: readonly PendingWrite[];
  /** What to ask the next page with; absent on the last. */
  readonly next?: string;
}

const STATES = ['local', 'durable', 'sent', 'received', 'applied'] as const;
const LIMIT = 100;

/**
 * The writes that wait on this device, of all tabs, a page at a time: those of each tab in the order they were made. What
 * is answered between two pages is left out; what is written is found if its tab's turn has not passed. `client.getPendingOpsCount()`
 * is their number. Cost: the writes up to the end of the page.
 *
 * ```ts
 * for (let page = pendingOps(client); ; page = pendingOps(client, { after: page.next })) {
 *   for (const { map, key, state, ageMs } of page.writes) console.log(map, key, state, ageMs);
 *   if (page.next === undefined) break;
 * }
 * ```
 */
export function pendingOps(client: TopGunClient, options: PendingPageOptions = {}): PendingPage {
  const { log, clock } = engineOf(client).realm;
  const limit = Math.min(Math.max(options.limit ?? LIMIT, 1), LIMITS.pendingPage);
  const [, session = '', seq = '0'] = options.after?.split(':') ?? [];
  const writes: PendingWrite[] = [];
  const describe = (op: PendingOp): PendingWrite => ({
    id: opId(log.clientId, op),
    map: op.map,
    key: op.key,
    op: OP_NAMES[op.op] ?? 'PUT',
    state: STATES[reachOf(op) + 1] ?? 'durable',
    // Drafts have no stamp yet, only their order.
    ageMs: reachOf(op) < 0 ? 0 : Math.max(0, clock.nowMs() - millisOf(op.t)),
    bytes: op.bytes,
  });
  for (const name of [...log.sessions.keys()].filter((name) => name >= session).sort()) {
    for (const op of log.log(name).ops.values()) {
      if (name === session && op.seq <= Number(seq)) continue;
      if (writes.length === limit) return { writes, next: writes.at(-1)?.id ?? '' };
      writes.push(describe(op));
    }
  }
  return { writes };
}
