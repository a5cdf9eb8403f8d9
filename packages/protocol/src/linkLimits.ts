/** Limits of the links between the nodes of a cluster; part of `allLimits.ts`. */

const MIB = 1024 * 1024;

/** ms: time for a link to be made, from the first byte to the word of the other side that it knows the secret */
export const linkAuthMs = 3_000;
/** bytes: one frame of such a handshake; names and numbers fit ten times */
export const linkAuthBytes = 4_096;
/** count: sockets at `/cluster` whose other end has not shown that it knows the secret; the next is refused */
export const linkStrangers = 64;
/** ms: how often links are looked at, and nodes dialled that are not linked */
export const linkLookMs = 100;
/** ms: how often a node says on each link that it lives */
export const linkHeartbeatMs = 1_000;
/** ms: a link of which nothing came for so long is ended */
export const linkSilenceMs = 3_000;
/** ms: how long the later one of two names leaves the dialling to the other */
export const linkYieldMs = 1_000;
/** ms: first wait before a node is dialled again; doubled up to linkRetryMsMax, of which a random part between half and all is waited */
export const linkRetryMs = 100;
/** ms: longest wait before a node is dialled again */
export const linkRetryMsMax = 2_000;
/** bytes: what waits to be sent on one link, and one message on it; more, and the link is cut: the database makes up for it */
export const linkQueueBytes = 64 * MIB;
/** ms: the same trouble with the same node is logged once in that time */
export const linkLogMs = 60_000;
/** count: topics named in one message between nodes that says what a node listens to */
export const linkTopics = 1_000;
/** ms: how long a message of a topic waits for the one before it, which another node sends, before the log is read */
export const linkReorderMs = 30;
/** ms: how often logs of topics are compared with what was heard while a node of the cluster is not linked */
export const linkVerifyMs = 1_000;
