import { devLimits, loadConfig, ServerCoordinator } from '@topgun/server';
import type { CpuAnswer, MemoryAnswer, ResidentAnswer, ServerRequest } from './requests.js';
import { cpuAnswer, memoryAnswer, residentAnswer } from './requests.js';

/** Our server as `topgun dev` runs it: embedded store, flushed before every answer. */
export async function topgunServer(
  request: ServerRequest,
): Promise<CpuAnswer | MemoryAnswer | ResidentAnswer | { port: number }> {
  if (request.what === 'cpu') return cpuAnswer();
  if (request.what === 'memory') return memoryAnswer();
  if (request.what === 'resident') return residentAnswer();
  const defaults = { ...devLimits, dev: true, port: 0, dataDir: request.folder, logLevel: 'warn' } as const;
  const server = new ServerCoordinator(loadConfig({ defaults: { ...request.config, ...defaults } }));
  const { port } = await server.start();
  return { port };
}
