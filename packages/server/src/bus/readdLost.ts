import { LIMITS } from '@topgun/protocol';
import type { Accepted } from './AcceptedLog.js';
import { groupBy } from './groupBy.js';
import type { LogCalls } from './LogCalls.js';
import type { RedisLink } from './RedisLink.js';

/**
 * Adds again what Redis had accepted and does not know any more, under its id, topic by topic in the order of acceptance. Resolves with how many
 * that were.
 */
export async function readdLost(
  calls: LogCalls,
  link: RedisLink,
  partition: number,
  accepted: readonly Accepted[],
): Promise<number> {
  let added = 0;
  for (const [topic, entries] of groupBy(accepted, ({ message }) => message.topic)) {
    for (let from = 0; from < entries.length; from += LIMITS.busReadCount) {
      const some = entries.slice(from, from + LIMITS.busReadCount);
      const ids = some.map(({ message }) => message.id);
      const isMissing = await calls.missing(link, partition, topic, ids);
      const lost = some.filter((_, at) => isMissing[at]);
      const places = await Promise.all(
        lost.map(({ message, envelope, retention }) =>
          calls.append(link, partition, message, envelope, retention, message.epoch),
        ),
      );
      for (const [at, placed] of places.entries()) {
        const entry = lost[at];
        if (typeof placed === 'string' || entry === undefined) continue;
        entry.message = { ...entry.message, epoch: placed.epoch, offset: placed.offset };
        added++;
      }
    }
  }
  return added;
}
