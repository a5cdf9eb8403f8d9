import { closeMsOf, type DrainSettings, delayMsOf, finishMsOf } from './drainTimes.js';

/**
 * The order of a graceful stop (FLOW-10), from the moment at which `/ready` says no: a time in which all goes on, so that proxies send nobody
 * any more, and in which a node of a cluster gives its partitions away; then nobody is let in and everybody is told; what was admitted becomes durable and is answered; connections are closed. True: all of
 * what was admitted is durable.
 */
export async function drainServer(
  settings: DrainSettings,
  /** doors that hold connections open, and let people in */
  live: { drain(windowMs: number): Promise<void> },
  /** records */
  host: { drain(waitMs: number): Promise<boolean> } | undefined,
  /** binary sockets */
  transport: { closeAll(waitMs: number): Promise<void> },
  /** of a node of a cluster: gives its partitions away (CLU-3) */
  cluster?: { drain(waitMs: number): Promise<void> },
): Promise<boolean> {
  const delayMs = delayMsOf(settings);
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const began = performance.now();
  // Before anybody is sent away: ops of its own clients go on, to the new owners.
  await cluster?.drain(finishMsOf(settings) / 2);
  const finishMs = finishMsOf(settings) - (performance.now() - began);
  const left = live.drain(finishMs);
  const complete = (await host?.drain(finishMs)) ?? true;
  // Devices wait no longer than for their own answers: they write elsewhere then.
  await Promise.all([left, transport.closeAll(closeMsOf(settings))]);
  return complete;
}
