import { LIMITS } from '@topgun/protocol';

/** Of the time for a stop: how long sockets have to answer their close. */
export const closeMsOf = (drainMs: number): number => Math.min(LIMITS.closeWaitMs, drainMs / 2);

/** And before that, how long what was admitted has to become durable. */
export const finishMsOf = (drainMs: number): number => drainMs - closeMsOf(drainMs);
