/** Those limits that connections which a door holds open keep; part of `allLimits.ts`. */

/** count: default: event streams of one node, some 10 kB each */
export const sseConnections = 10_000;
/** count: default: event streams of one principal: a browser opens six to one host */
export const sseConnectionsPerPrincipal = 10;
/** count: default: event streams of one address; raise it where many people share one */
export const sseConnectionsPerIp = 5;
/** count: default: listeners of the message bridge of one node */
export const bridgeConnections = 20_000;
/** count: default: listeners of the message bridge of one address, as its clients expect */
export const bridgeConnectionsPerIp = 50;
/** count: default: JSON sockets of one node */
export const wsConnections = 10_000;
/** count: default: JSON sockets of one principal */
export const wsConnectionsPerPrincipal = 100;
/** count: default: JSON sockets of one address: an office */
export const wsConnectionsPerIp = 1_000;
/** ms: what who found no place is told to wait */
export const placeRetryMs = 60_000;
/** count: topics of one event stream: their places go into every id and must fit a header */
export const sseTopics = 100;
/** chars: id of a stream or user in the query */
export const sseIdChars = 128;
/** ms: pause of a browser before it connects again */
export const sseRetryMs = 1_000;
/** ms: default: pause between two comments on an event stream: below the minute after which proxies give up */
export const sseHeartbeatMs = 30_000;
/** bytes: unsent bytes at which a held connection gets no message of topics without a log any more */
export const heldSoftBytes = 64 * 1024;
