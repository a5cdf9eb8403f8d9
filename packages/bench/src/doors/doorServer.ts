import { loadConfig, ServerCoordinator } from '@topgun/server';
import { type CpuAnswer, cpuAnswer, type MemoryAnswer, memoryAnswer } from '../server/requests.js';
import { drive } from './drive.js';
import { type DoorServerRequest, topicOf } from './requests.js';

let server: ServerCoordinator | undefined;

/** Our server; it publishes by itself, as a back end does that runs it. */
export async function doorServer(
  request: DoorServerRequest,
): Promise<CpuAnswer | MemoryAnswer | { readonly port: number }> {
  if (request.what === 'cpu') return cpuAnswer();
  if (request.what === 'memory') return memoryAnswer();
  if (request.what === 'start') {
    const defaults = { port: 0, dataDir: request.folder, logLevel: 'warn', ...request.config } as const;
    server = new ServerCoordinator(loadConfig({ defaults }));
    await server.start();
  } else {
    const { topics = 1 } = request;
    await drive((message, nth) => void server?.publish(topicOf(nth % topics, 1), message), request);
  }
  return { port: server?.port ?? 0 };
}
