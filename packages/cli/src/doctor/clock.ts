import type { Check } from './Check.js';

/** No machine that runs this version has an earlier date; one that says so has lost its clock. */
const EARLIEST_MS = Date.UTC(2026, 0, 1);

export const clock: Check = {
  name: 'Clock',
  run: async () => judgeClock(Date.now()),
};

export function judgeClock(nowMs: number): Awaited<ReturnType<Check['run']>> {
  const detail = new Date(nowMs).toISOString();
  if (nowMs >= EARLIEST_MS) return { level: 'ok', detail };
  return {
    level: 'fail',
    detail: `${detail} lies in the past`,
    remedy: 'Set the clock of this machine, for example by NTP: timestamps order all writes.',
  };
}
