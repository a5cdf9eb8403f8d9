import { expect, it, onTestFinished } from 'vitest';
import { LinkedNode } from '../../server/src/cluster/links/testing/LinkedNodes.js';
import { until } from '../../server/src/storage/postgres/testing/testDatabases.js';
import { LinkProxy } from '../src/cluster/local/LinkProxy.js';

const NAMES = ['node-1', 'node-2', 'node-3'] as const;

it('[CLI-62] knows links by their handshake: one pair is cut and mended, the others go on', async () => {
  const proxies = new Map<string, LinkProxy>();
  const nodes = new Map<string, LinkedNode>();
  for (const name of NAMES) {
    const node = await LinkedNode.start(name);
    onTestFinished(() => node.stop());
    const proxy = await LinkProxy.open(NAMES, () => node.port);
    onTestFinished(() => proxy.close());
    nodes.set(name, node);
    proxies.set(name, proxy);
  }
  const infos = [...nodes.values()].map((node) => ({
    ...node.info,
    address: `ws://127.0.0.1:${proxies.get(node.name)?.port}/cluster`,
  }));
  for (const { links } of nodes.values()) links.setNodes(infos);
  const linked = (name: string): string[] => [...(nodes.get(name)?.links.up ?? [])].sort();
  await until(() => NAMES.every((name) => linked(name).length === 2));
  proxies.get('node-1')?.cut('node-2');
  proxies.get('node-2')?.cut('node-1');
  await until(() => !linked('node-1').includes('node-2') && !linked('node-2').includes('node-1'));
  expect([linked('node-1'), linked('node-2'), linked('node-3')]).toEqual([
    ['node-3'],
    ['node-3'],
    ['node-1', 'node-2'],
  ]);
  proxies.get('node-1')?.mend('node-2');
  proxies.get('node-2')?.mend('node-1');
  await until(() => NAMES.every((name) => linked(name).length === 2));
});
