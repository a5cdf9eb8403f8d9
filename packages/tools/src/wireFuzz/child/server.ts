import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PARTITION_COUNT } from '@topgun/protocol';
import { ServerCoordinator } from '@topgun/server';
import { fuzzedConfig, NEIGHBOUR_MAP, SENDER } from '../fuzzedConfig.js';
import { LoopWatch } from './LoopWatch.js';
import type { Ask, ServerState } from './messages.js';

const [dataDir = ''] = process.argv.slice(2);
const faults: string[] = [];
// Node would end the process. It goes on, so that the input can be named; what was found fails the run.
process.on('uncaughtException', (error) => faults.push(`uncaught: ${error.stack ?? error.message}`));
process.on('unhandledRejection', (reason) => faults.push(`unhandled: ${String(reason)}`));

const webhooksFile = join(dataDir, 'senders.json');
writeFileSync(webhooksFile, JSON.stringify({ senders: [SENDER] }));
const server = new ServerCoordinator(
  { ...fuzzedConfig, dataDir, webhooksFile },
  { onFatal: (error) => faults.push(`fatal: ${error instanceof Error ? error.stack : String(error)}`) },
);
const { port } = await server.start();
const watch = new LoopWatch();

process.on('message', (ask: Ask) => {
  if (ask === 'stop') void server.shutdown().then(() => process.exit(0));
  else process.send?.({ [ask]: stateNow() });
});
process.on('disconnect', () => process.exit(0));
process.send?.({ port });

function stateNow(): ServerState {
  const blockMs = watch.take();
  const stats = server.stats();
  const state = {
    fingerprint: fingerprint(),
    maps: stats?.maps ?? 0,
    refused: Object.fromEntries(stats?.refused ?? []),
    blockMs,
    rssBytes: process.memoryUsage.rss(),
    faults: faults.splice(0),
  };
  // What this report costs is no fault of any input.
  watch.reset();
  return state;
}

function fingerprint(): string {
  const hash = createHash('sha256');
  for (let pid = 0; pid < PARTITION_COUNT; pid++) {
    for (const { map, key, tag, t, node } of server.engine?.changesSince(pid, { epoch: 0, n: 0 }, 1e9) ??
      []) {
      if (map !== NEIGHBOUR_MAP) hash.update(JSON.stringify([map, key, tag, t, node]));
    }
  }
  return hash.digest('base64url');
}
