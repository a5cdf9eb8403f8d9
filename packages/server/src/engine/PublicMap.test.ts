import { PARTITION_COUNT } from '@topgun/core';
import { describe, expect, it } from 'vitest';
import type { ClusterMap, NodeInfo } from '../cluster/ports.js';
import type { TestDevice } from './testing/TestDevice.js';
import { TestNode } from './testing/TestNode.js';

const ask = (device: TestDevice, req = 1): void => device.send({ type: 'CLUSTER_SUB', req });

const node = (name: string, state: NodeInfo['state'], publicUrl?: string): NodeInfo => ({
  name,
  boot: 'b',
  slot: 0,
  address: 'wss://10.0.0.1:1/cluster',
  state,
  protocol: 5,
  ...(publicUrl !== undefined && { publicUrl }),
});

const mapOf = (version: number): ClusterMap => ({
  version,
  nodes: [node('hidden', 'ACTIVE'), node('a', 'ACTIVE', 'wss://a'), node('b', 'DRAINING', 'wss://b')],
  owners: Array.from({ length: PARTITION_COUNT }, (_, pid) => ({
    pid,
    epoch: 1,
    node: ['b', 'hidden', undefined, 'a'][pid % 4],
    boot: 'b',
    target: undefined,
  })),
});

describe('what clients are told of the cluster', () => {
  it('[CCL-1] a server alone is a cluster of one, without address unless it was given one', () => {
    const owners = (place: number): number[] => Array.from({ length: PARTITION_COUNT }, () => place);
    for (const publicUrl of [undefined, 'wss://only']) {
      const device = new TestNode({ publicUrl }).device('ann');
      ask(device);
      expect(device.all('CLUSTER_MAP')).toEqual([
        {
          type: 'CLUSTER_MAP',
          version: 0,
          self: expect.any(String),
          nodes: publicUrl === undefined ? [] : [[expect.any(String), publicUrl, 1]],
          owners: owners(1),
          req: 1,
        },
      ]);
    }
  });

  it('[CCL-1] whoever asked is told of each map, without nodes that clients cannot reach; nobody else is', () => {
    const server = new TestNode();
    const [ann, ben] = [server.device('ann'), server.device('ben')];
    ask(ann, 4);
    server.engine.router.publicMap.changed(mapOf(9));
    expect(ann.last('CLUSTER_MAP')).toMatchObject({
      version: 9,
      nodes: [
        ['a', 'wss://a', 1],
        ['b', 'wss://b', 2],
      ],
    });
    expect(ann.last('CLUSTER_MAP')?.owners.slice(0, 5)).toEqual([2, 3, 0, 1, 2]);
    expect(JSON.stringify(ann.all('CLUSTER_MAP'))).not.toMatch(/hidden|10\.0\.0/);
    expect(ann.all('CLUSTER_MAP').map(({ req }) => req)).toEqual([4, undefined]);
    expect(ben.all('CLUSTER_MAP')).toEqual([]);
    ask(ben, 5);
    expect(ben.last('CLUSTER_MAP')).toMatchObject({ version: 9, req: 5 });
  });

  it('[CCL-1] a connection that has ended hears no more', () => {
    const server = new TestNode();
    const ann = server.device('ann');
    ask(ann);
    server.engine.closed(ann.conn, server.now);
    server.engine.router.publicMap.changed(mapOf(2));
    expect(ann.all('CLUSTER_MAP').length).toBe(1);
  });
});
