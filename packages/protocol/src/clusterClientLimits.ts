/** Limits of clients that know of clusters; part of `allLimits.ts`, and of `@topgun/protocol/cluster`. */

/** count: addresses that a client is given to begin with */
export const clusterSeeds = 64;
/** ms: time for a node to take a connection in; three of them fit into the patience of the engine */
export const nodeConnectMs = 5_000;
/** count: failures of a node in a row after which others are asked before it */
export const circuitFailures = 5;
/** ms: how long that is so; then one attempt shows whether it is back */
export const circuitOpenMs = 30_000;
/** ms: a connection that held so long was no failure, and the next one may begin anew with all nodes */
export const nodeStableMs = 10_000;
/** ms: clients of a node that says that it goes leave it at a moment within this time, so that the others are not run over */
export const nodeLeaveMs = 2_000;
/** ms: clients that were with a node when it closed connect elsewhere at a moment within this time */
export const nodeSpreadMs = 250;
/** ms: how long a node that has said goodbye is asked last */
export const nodeGoneMs = 30_000;
/** ms: how often a client looks at a frame of its writes for where they belong; one in between costs nothing */
export const writeSampleMs = 250;
/** count: keys of writes by which a client chooses its node; older ones count half with each such number */
export const writeSamples = 200;
/** ms: a client does not change its node for the sake of its writes more often */
export const nodeRestMs = 60_000;
/** ms: how long refreshPartitionMap waits for an answer */
export const mapAnswerMs = 10_000;
