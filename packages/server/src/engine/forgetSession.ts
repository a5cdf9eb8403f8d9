import type { DedupTable } from './DedupTable.js';
import type { Op } from './Op.js';
import type { Staging } from './Staging.js';

/** What dedup has of a session goes, and with the next commit what the store has. */
export function forgetSession(
  dedup: DedupTable<Op>,
  staging: Staging,
  clientId: string,
  session: string,
  now: number,
): void {
  const known = dedup.forget(clientId, session);
  if (known !== undefined) staging.stageForgotten(known, now);
}
