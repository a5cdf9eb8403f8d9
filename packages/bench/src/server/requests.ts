import { getHeapStatistics } from 'node:v8';
import type { ServerConfigInput } from '@topgun/server';

/** What the parent asks of a server process. */
export type ServerRequest =
  | { readonly what: 'start'; readonly folder: string; readonly config?: ServerConfigInput }
  | { readonly what: 'cpu' }
  | { readonly what: 'memory' }
  | { readonly what: 'resident' };

/** CPU seconds (user + system, all threads) the process has used so far. */
export interface CpuAnswer {
  readonly cpuSeconds: number;
}

export function cpuAnswer(): CpuAnswer {
  const { user, system } = process.cpuUsage();
  return { cpuSeconds: (user + system) / 1e6 };
}

/** Bytes the process holds after a full collection: of JavaScript and its buffers, and of everything. */
export interface MemoryAnswer {
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** As the process is, without a collection, and what its heap may grow to. */
export interface ResidentAnswer {
  readonly residentBytes: number;
  readonly heapLimitBytes: number;
}

export function residentAnswer(): ResidentAnswer {
  const { heap_size_limit: heapLimitBytes } = getHeapStatistics();
  return { residentBytes: process.memoryUsage.rss(), heapLimitBytes };
}

export function memoryAnswer(): MemoryAnswer {
  for (let i = 0; i < 3; i++) globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return { heapBytes: heapUsed + arrayBuffers, residentBytes: rss };
}

/** What one load process does. `opsPerFrame` 0: raw frames to an echo server, of the same size as a frame with one op. */
export interface LoadRequest {
  readonly what: 'connect' | 'run';
  /** of the servers; clients take turns */
  readonly ports: readonly number[];
  /** by server: the partitions that its clients write to; all when left out */
  readonly pids?: readonly (readonly number[])[];
  /** default 500 */
  readonly keysPerClient?: number;
  readonly clients: number;
  readonly opsPerFrame: number;
  /** Frames in flight per client. */
  readonly window: number;
  readonly milliseconds: number;
}

export interface LoadAnswer {
  /** Frames whose ops were all answered (echo: frames that came back). */
  readonly frames: number;
  readonly ops: number;
  readonly seconds: number;
}
