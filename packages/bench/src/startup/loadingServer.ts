import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig, ServerCoordinator } from '@topgun/server';

export interface LoadingRequest {
  readonly folder: string;
  readonly port: number;
}

/** Delays of the event loop beyond the millisecond that is measured in. */
interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface LoadingAnswer extends Delays {
  readonly readyMs: number;
  readonly records: number;
  readonly residentBytes: number;
  /** of the same process before it began: what the machine itself does */
  readonly idle: Delays;
}

const RESOLUTION_MS = 1;
const IDLE_MS = 2_000;

async function delaysOf(work: () => Promise<unknown>): Promise<Delays> {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  await work();
  // The last stretch is noted when the timer fires after it.
  await sleep(5 * RESOLUTION_MS);
  histogram.disable();
  const over = (ns: number): number => Math.max(0, ns / 1e6 - RESOLUTION_MS);
  return {
    p50Ms: over(histogram.percentile(50)),
    p99Ms: over(histogram.percentile(99)),
    maxMs: over(histogram.max),
  };
}

/** Starts a server on a full folder and measures from inside how long its event loop is held. */
export async function loadingServer({ folder, port }: LoadingRequest): Promise<LoadingAnswer> {
  const server = new ServerCoordinator(
    loadConfig({ defaults: { dev: true, port, dataDir: folder, logLevel: 'warn' } }),
  );
  const idle = await delaysOf(() => sleep(IDLE_MS));
  const began = performance.now();
  const delays = await delaysOf(() => server.start());
  const readyMs = performance.now() - began;
  const records = server.stats()?.records ?? 0;
  await server.shutdown();
  return { ...delays, readyMs, records, residentBytes: process.memoryUsage().rss, idle };
}
