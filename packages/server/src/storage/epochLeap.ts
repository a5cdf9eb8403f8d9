import { LIMITS } from '@topgun/protocol';

/** A time before every store: the beginning of 2025. */
const SINCE_MS = 1_735_689_600_000;

/**
 * How far the epochs of a new life leap ahead. The later it begins the further: a state that is put back twice gives its two lives the same
 * last epoch, which may lie ahead of the clock, and what the first has given out must not be given again by the second.
 */
export const epochLeapAt = (nowMs: number): number => LIMITS.epochLeapMs + Math.max(0, nowMs - SINCE_MS);
