import { LIMITS } from '@topgun/protocol';

/** Of the settings, what the times of a graceful stop follow from. */
export interface DrainSettings {
  /** all of it, ms */
  readonly drainMs: number;
  /** of that, how long the server goes on as if nothing were, for proxies to see that it is not ready; half of it at most */
  readonly drainDelayMs: number;
}

export const delayMsOf = ({ drainMs, drainDelayMs }: DrainSettings): number =>
  Math.min(drainDelayMs, drainMs / 2);

/** How long sockets have to answer their close. */
export const closeMsOf = ({ drainMs }: DrainSettings): number => Math.min(LIMITS.closeWaitMs, drainMs / 4);

/** And before that, how long clients have to leave, and what was admitted has to become durable. */
export const finishMsOf = (settings: DrainSettings): number =>
  settings.drainMs - delayMsOf(settings) - closeMsOf(settings);
