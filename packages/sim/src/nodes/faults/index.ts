import type { Fault } from '../../faults/Fault.js';
import {
  answersLost,
  commitsFail,
  commitsSlow,
  databaseDown,
  failover,
  nodeOffDatabase,
  requestsLate,
} from './database.js';
import {
  allNodesKilled,
  deviceMoves,
  nodeClock,
  nodeDrained,
  nodeKilled,
  nodePaused,
  nodeStopped,
} from './nodes.js';
import { linkCut, linkOneWay, linkReset, linksSlow, nodeSplitOff } from './ways.js';

/** What may go wrong with the nodes of a cluster, what lies between them, and what they share. */
export const clusterFaults: readonly Fault[] = [
  nodeKilled,
  allNodesKilled,
  nodePaused,
  nodeStopped,
  nodeDrained,
  nodeClock,
  deviceMoves,
  linkCut,
  linkOneWay,
  linkReset,
  linksSlow,
  nodeSplitOff,
  databaseDown,
  answersLost,
  commitsFail,
  commitsSlow,
  nodeOffDatabase,
  requestsLate,
  failover,
];
