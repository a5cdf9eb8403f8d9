import { loadConfig, ServerCoordinator } from '@topgun/server';
import type { CpuAnswer, ServerRequest } from './requests.js';
import { cpuAnswer } from './requests.js';

/** Our server as `topgun dev` runs it: embedded store, flushed before every answer. */
export async function topgunServer(request: ServerRequest): Promise<CpuAnswer | { port: number }> {
  if (request.what === 'cpu') return cpuAnswer();
  const defaults = { dev: true, port: 0, dataDir: request.folder, logLevel: 'warn' } as const;
  const server = new ServerCoordinator(loadConfig({ defaults }));
  const { port } = await server.start();
  return { port };
}
