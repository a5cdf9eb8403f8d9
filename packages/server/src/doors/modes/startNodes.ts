import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfigInput } from '../../config/schema.js';
import { ServerCoordinator } from '../../ServerCoordinator.js';
import type { Deployment } from './describeDoors.js';

/** So many nodes with stores of their own; `config` is what they share. */
export async function startNodes(
  count: number,
  config: ServerConfigInput,
): Promise<Deployment & { readonly nodes: readonly ServerCoordinator[] }> {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-modes-'));
  const nodes = Array.from({ length: count }, (_, i) => {
    const own = {
      port: 0,
      dataDir: join(folder, String(i)),
      nodeId: `node-${i}`,
      logLevel: 'fatal',
    } as const;
    return new ServerCoordinator({ dev: true, bridge: true, drainMs: 1_000, ...config, ...own });
  });
  const addresses = await Promise.all(nodes.map((node) => node.start()));
  return {
    nodes,
    urls: addresses.map(({ port }) => `http://127.0.0.1:${port}`),
    stop: async () => {
      await Promise.all(nodes.map((node) => node.shutdown()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
