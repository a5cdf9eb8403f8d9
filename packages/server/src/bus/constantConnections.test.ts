import { afterEach, describe, expect, it } from 'vitest';
import type { RedisProcess } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSentinels, startSingle } from '../local/redisTopologies.js';
import type { TopicMessage } from '../topics/ports.js';
import { openBus } from './testing/BusLoad.js';
import { HearingNode, plenty } from './testing/describeBus.js';

const nodes: HearingNode[] = [];
let topology: RedisTopology;

afterEach(async () => {
  for (const { bus } of nodes.splice(0)) await bus.close();
  await topology.dispose();
});

/** Connections of nodes that a Redis has: all but those of its replicas, its Sentinels and of who asks. */
async function clientsOf(master: RedisProcess): Promise<number> {
  const list = String(await master.ask('CLIENT', 'LIST'));
  return list
    .split('\n')
    .filter((line) => line !== '' && !/ cmd=client\|list | name=sentinel|flags=S|cmd=replconf/.test(line))
    .length;
}

describe('connections to Redis', () => {
  it.each([
    ['one Redis', startSingle, 0, 1],
    ['Sentinels', startSentinels, 0, 1],
    ['Sentinels, with replicas that are waited for', startSentinels, 2, 2],
    ['a Redis Cluster', startCluster, 0, 1],
    ['a Redis Cluster, with replicas that are waited for', startCluster, 1, 2],
  ] as const)(
    '[BUS-30] [S003-26] %s: as many for each node and master after thousands of topics, messages and readings as before',
    async (_name, start, redisReplicas, each) => {
      topology = await start();
      const config = { ...topology.config, redisReplicas };
      for (const id of ['a', 'b']) nodes.push(new HearingNode(id, openBus({ ...topology, config }, id)));
      for (const { bus } of nodes) await bus.open({ message: () => undefined, lost: () => undefined });
      const masters = await topology.masters();
      const counts = (): Promise<number[]> => Promise.all(masters.map(clientsOf));
      const expected = masters.map(() => nodes.length * each);
      expect(await counts()).toEqual(expected);
      const topics = Array.from({ length: 1_000 }, (_, at) => `t/${at}`);
      const durable = { ...plenty, durable: true };
      await Promise.all(
        nodes.flatMap((node) =>
          topics.map(async (topic, at): Promise<TopicMessage> => {
            node.bus.listen(topic);
            await node.bus.read(topic, undefined, 10);
            if (at % 3 === 0) node.bus.send(node.draft(topic));
            if (at % 3 === 1) node.bus.unlisten(topic);
            return node.bus.append(node.draft(topic), at % 2 === 0 ? durable : plenty);
          }),
        ),
      );
      expect(await counts()).toEqual(expected);
      const told = nodes.map(({ bus }) => (bus as ReturnType<typeof openBus>).stats().connections);
      expect(told).toEqual(nodes.map(() => masters.length * each));
    },
  );
});
