import type { Message } from '../messages/types.js';

/** Those of what clients of a cluster say and are told; part of `samples`. */
export const clusterSamples = {
  CLUSTER_SUB: { type: 'CLUSTER_SUB', req: 3 },
  CLUSTER_MAP: {
    type: 'CLUSTER_MAP',
    version: 7,
    self: 'b',
    nodes: [
      ['a', 'wss://a.example.com', 1],
      ['b', 'wss://b.example.com', 2],
    ],
    owners: Array.from({ length: 271 }, (_, pid) => pid % 3),
  },
  'CLUSTER_MAP of one': {
    type: 'CLUSTER_MAP',
    version: 0,
    self: 'node-1',
    nodes: [],
    owners: Array.from({ length: 271 }, () => 0),
    req: 3,
  },
} as const satisfies Record<string, Message>;
