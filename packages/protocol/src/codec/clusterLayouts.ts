/** What only clients that know of clusters are sent: a basic device does not carry it. */
import * as LIMITS from '../limits.js';
import { NODE_STATES, PARTITION_COUNT } from '../messages/constants.js';
import type { ClusterMapMessage } from '../messages/types.js';
import { isNodeId, isRow, isUint, list, text, tuple, within } from './checks.js';
import type { Layouts } from './readFrame.js';

export const clusterLayouts: Layouts<ClusterMapMessage> = {
  CLUSTER_MAP: [
    51,
    {
      version: isUint,
      self: isNodeId,
      nodes: list(
        LIMITS.nodesPerMap,
        tuple(isNodeId, text(LIMITS.nodeUrlChars), within(0, NODE_STATES.length - 1)),
      ),
      owners: (value, { nodes }) =>
        isRow(value, PARTITION_COUNT, PARTITION_COUNT) &&
        value.every(within(0, (nodes as readonly unknown[]).length + 1)),
    },
    { req: isUint },
  ],
};
