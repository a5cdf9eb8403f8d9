import type { Connection } from './Connection.js';
import { isForwarded } from './cluster/forwardedItems.js';
import type { EngineLimits } from './EngineLimits.js';

type Lives = Pick<EngineLimits, 'deadMs' | 'idleSessionMs' | 'maxSessionMs'>;

/** The limit of its life that a connection has passed (LMT-9); undefined when it may go on. */
export function outlived(
  conn: Connection,
  { deadMs, idleSessionMs, maxSessionMs }: Lives,
  now: number,
  isFollowing: () => boolean,
): keyof Lives | undefined {
  // Its gateway looks after it.
  if (isForwarded(conn.id)) return undefined;
  if (now - conn.seenAtMs > deadMs) return 'deadMs';
  if (maxSessionMs > 0 && now - conn.openedAtMs > maxSessionMs) return 'maxSessionMs';
  if (idleSessionMs > 0 && now - conn.actedAtMs > idleSessionMs && !isFollowing()) return 'idleSessionMs';
  return undefined;
}
