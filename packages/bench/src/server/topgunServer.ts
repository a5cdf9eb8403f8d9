import { loadConfig, ServerCoordinator } from '@topgun/server';
import type { CpuAnswer, ServerRequest } from './requests.js';
import { cpuAnswer } from './requests.js';

/** Our server as `topgun dev` runs it: embedded store, flushed before every answer. */
export async function topgunServer(request: ServerRequest): Promise<CpuAnswer | { port: number }> {
  if (request.what === 'cpu') return cpuAnswer();
  const server = new ServerCoordinator(
    loadConfig({ flags: { dev: true, port: 0, host: '127.0.0.1', dataDir: request.folder, logLevel: 'warn' }, env: {} }),
  );
  const { port } = await server.start();
  return { port };
}
