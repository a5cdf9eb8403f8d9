/** Limits of servers that are nodes of a cluster: who is alive, and who owns what; part of `allLimits.ts`. */

/** chars: a secret of fewer could be guessed */
export const clusterSecretChars = 32;
/** chars: it is a text, not a document */
export const clusterSecretCharsMax = 1_024;
/** ms: how long a node counts as alive after its last word, in the time of the database (CLU-1); what was a dead node's is owned again some two seconds later */
export const clusterLeaseMs = 8_000;
/** ms: between two renewals of a lease: three may get lost */
export const clusterHeartbeatMs = 2_000;
/** ms: after which a node that has not heard that its lease was renewed owns nothing any more (CLU-2): a quarter of the lease is left for clocks that do not run alike */
export const clusterFenceMs = 6_000;
/** ms: after which a renewal without an answer is given up, and asked for again over another connection: two fit before a node fences itself */
export const clusterPulseMs = 2_500;
/** ms: before a node asks again what the database has not answered, or refused */
export const clusterRetryMs = 250;
/** count: partitions handed over at once: their ops wait meanwhile (CLU-13) */
export const clusterHandOvers = 16;
/** ms: after which a hand-over is off, and its ops go on where they are (CLU-13) */
export const clusterHandOverMs = 3_000;
/** ms: how long a start waits for the lease of the node of before, which was killed, to run out (CLU-1) */
export const clusterNameHeldMs = 10_000;
/** count: nodes of one cluster: each is linked to each */
export const clusterNodes = 64;
/** ms: after which a node asks another for the map that it has not heard of itself: its way to the database is longer, or cut */
export const clusterMapWaitMs = 500;
/** count: ops of a node's clients that wait for the owner of their partition, or for its answer: all that come while a dead node's are taken over (CLU-31); then UNAVAILABLE */
export const forwardedOps = 50_000;
/** bytes: of these ops; then UNAVAILABLE */
export const forwardedBytes = 67_108_864;
/** ms: after which a client comes again whose ops could not wait for their owner */
export const forwardedRetryMs = 1_000;
