import { contextOf } from './clientContext.js';
import type { Rejection, StalePolicy } from './engine/ports.js';
import type { WriteHandle } from './handles/WriteHandle.js';
import type { TopGunClient } from './TopGunClient.js';

export type { StalePolicy } from './engine/ports.js';

/** A write that came too late for the server to tell whether its record was deleted meanwhile, and what the app may want to know of it. */
export interface StaleWrite extends Pick<Rejection, 'id' | 'map' | 'key' | 'op' | 'payload' | 'ttlMs'> {
  /** `STALE_OP`: the device was away for longer than the server remembers deletions. `UNKNOWN_CLIENT`: away for a year. */
  readonly code: 'STALE_OP' | 'UNKNOWN_CLIENT';
}

/**
 * What becomes of stale writes to a map. `rebase-creates`, the default: what made something new is written again, what
 * changed a record that is now gone waits in the list. `ask`: all wait. `drop`: none do. `rebase-all`: all are written again,
 * so deleted records may come back. Whatever does not happen by itself is told once to `client.onRejection`.
 *
 * Set it in every tab, right after the client is made; it is kept in memory. Writes given back with `UNKNOWN_CLIENT`
 * always wait.
 */
export function setStalePolicy(client: TopGunClient, map: string, policy: StalePolicy): void {
  contextOf(client).engine.stalePolicies.set(map, policy);
}

/**
 * The writes that wait for a decision, of all tabs of this store, the oldest first. They survive reloads. At most 1,000
 * are kept; of more the oldest go.
 */
export function staleWrites(client: TopGunClient): readonly StaleWrite[] {
  return contextOf(client).engine.parkedWrites() as readonly StaleWrite[];
}

/**
 * Writes it again as a new write, above all that is known now, and takes it off the list. Undefined when it is not there
 * any more. Throws `CLIENT_CLOSED`, and what the write throws.
 */
export function reissueStale(client: TopGunClient, id: string): WriteHandle | undefined {
  const { writes, writable } = contextOf(client);
  const engine = writable();
  const write = engine.parkedWrites().find((parked) => parked.id === id);
  const seq = engine.reissue(id);
  return seq === undefined || write === undefined ? undefined : writes.follow(seq, write.map);
}

/** Takes it off the list for good. Throws `CLIENT_CLOSED`. */
export function discardStale(client: TopGunClient, id: string): void {
  contextOf(client).writable().discard(id);
}
