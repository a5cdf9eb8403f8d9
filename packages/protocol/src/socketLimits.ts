/** Those limits that the JSON WebSocket has; part of `allLimits.ts`. */

const KIB = 1024;

/** bytes: one frame of a client: a message is far below it, and parsing one takes half a millisecond */
export const wsFrameBytes = 64 * KIB;
/** count: topics that one connection has joined, its own channels included */
export const wsTopics = 100;
/** count: messages of one answer to `history` */
export const wsHistory = 100;
/** bytes: of such an answer, messages together */
export const wsHistoryBytes = 512 * KIB;
/** count: default: frames of one connection a second, ten seconds may be saved up: no person types as fast */
export const wsMessagesPerConnection = 100;
/** count: default: frames of one user a second over all its connections, ten seconds may be saved up */
export const wsMessagesPerUser = 500;
/** bytes: a frame counts once for each begun: 400 kB a second of one connection */
export const wsRateBytes = 4 * KIB;
/** count: messages of one connection that wait to be accepted: 4 MiB */
export const wsPending = 64;
/** bytes: unsent bytes of earlier turns at which messages of topics without a log are left out */
export const wsSoftBytes = 64 * KIB;
/** bytes: unsent bytes of earlier turns at which a connection is told where it stands, and closed */
export const wsHardBytes = 1024 * KIB;
/** ms: default: between two pings; half the time after which proxies cut silent sockets */
export const wsHeartbeatMs = 30_000;
/** ms: default: a connection that says and hears nothing for so long is closed */
export const wsIdleMs = 1_800_000;
/** chars: name of a tenant: with its namespace far below topicChars */
export const tenantChars = 128;
