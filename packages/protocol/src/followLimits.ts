/** Limits of nodes that follow each other; part of `allLimits.ts`. */

/** ms: how long a node waits for a change that another link may bring, before it asks the database for it */
export const clusterGapMs = 20;
/** ms: between two looks into the database while an owner is not linked (CLU-22) */
export const clusterPollMs = 1_000;
/** ms: how long a session waits until its node knows what was committed before it came; then the node serves it with what it knows (CLU-23) */
export const clusterBarrierMs = 3_000;
/** count: changes of a partition read from the database at once */
export const clusterFillRows = 1_000;
/** count: partitions read from the database at the same time */
export const clusterFillReads = 4;
/** count: commits to one partition that wait for what is missing before them, and commits of facts; with more the database tells it all */
export const clusterWaitingCommits = 1_000;
