import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OperatorFile, type ServerConfigInput } from '@topgun/server';
import { claimPort, giveBack } from '@topgun/server/local';
import type { TestProject } from 'vitest/node';
import { waitUntil } from '../../../todo/e2e/waitUntil.js';
import { RunningNode } from './RunningNode.js';
import { settings } from './settings.js';

/** What is special about the nodes of a target. */
export interface TargetParts {
  readonly count: number;
  /** for the environment of every node */
  readonly env?: Readonly<Record<string, string>>;
  readonly config?: ServerConfigInput;
}

/** Starts the nodes of a target for one project of tests; resolves with what ends them. */
export async function startTarget(
  project: TestProject,
  { count, env = {}, config = {} }: TargetParts,
): Promise<() => Promise<void>> {
  const folder = mkdtempSync(join(tmpdir(), 'topgun-suite-'));
  const webhooksFile = join(folder, 'senders.json');
  const webhookSecret = randomBytes(24).toString('hex');
  const senders = [{ provider: 'custom', tenant: 'acme', secrets: [webhookSecret] }];
  writeFileSync(webhooksFile, JSON.stringify({ senders }), { mode: 0o600 });
  const operator = { name: 'ada', password: randomBytes(12).toString('hex') };
  const operatorsFile = join(folder, 'operators.json');
  await new OperatorFile(operatorsFile).put(operator.name, operator.password, ['ADMIN']);
  const configFile = join(folder, 'topgun.json');
  writeFileSync(configFile, JSON.stringify({ ...settings, webhooksFile, operatorsFile, ...config }));
  const jwtSecret = randomBytes(48).toString('base64');
  const ports = await Promise.all(Array.from({ length: count }, claimPort));
  const nodes = ports.map(
    (port, at) =>
      new RunningNode(port, {
        args: ['--config', configFile, '--node-id', `node-${at}`, '--data-dir', join(folder, `data-${at}`)],
        env: { ...env, TOPGUN_JWT_SECRET: jwtSecret },
      }),
  );
  const stop = async (): Promise<void> => {
    await Promise.all(nodes.map((node) => node.stop()));
    for (const port of ports) giveBack(port);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    // From here on every node has partitions of its own.
    if (count > 1)
      await waitUntil('every node owns its share', () => areSpread(nodes), { deadlineMs: 60_000 });
  } catch (error) {
    await stop();
    throw error;
  }
  project.provide('target', { urls: nodes.map(({ url }) => url), jwtSecret, webhookSecret, operator });
  return stop;
}

async function areSpread(nodes: readonly RunningNode[]): Promise<true | undefined> {
  for (const node of nodes) {
    const answer = await fetch(`${node.url}/ready`);
    const { cluster } = (await answer.json()) as {
      cluster?: { owned: number; unowned: number; degraded: unknown[] };
    };
    const share = Math.floor(271 / nodes.length);
    if (cluster === undefined || cluster.owned < share || cluster.unowned > 0 || cluster.degraded.length > 0)
      return undefined;
  }
  return true;
}
