/** Those limits that the message bridge keeps; part of `allLimits.ts`. */

/** bytes: body of a message, as clients of bridges expect it */
export const bridgeBodyBytes = 10_485_760;
/** bytes: body of a question to verify: an id, an address and a word */
export const bridgeVerifyBytes = 8_192;
/** count: default: per second and address, one second's worth at once */
export const bridgeMessagesPerIp = 10;
/** ms: default: between two heartbeats: proxies cut what is silent for a minute */
export const bridgeHeartbeatMs = 10_000;
/** ms: default: life of a connection, so that load balancers can move it */
export const bridgeLifetimeMs = 7_200_000;
/** ms: default: drawn on top of that, so that not all come back at once */
export const bridgeLifetimeJitterMs = 900_000;
/** s: default: longest time that a message may be kept: what clients of bridges ask for */
export const bridgeTtlS = 300;
/** count: default: messages of one mailbox: a sender at full rate for ten minutes */
export const bridgeMailboxMessages = 5_000;
/** bytes: default: of one mailbox: three messages of full size */
export const bridgeMailboxBytes = 33_554_432;
/** count: clients whose last connections are remembered for verify: some 300 bytes each */
export const bridgeSeen = 100_000;
/** count: connections remembered of one of them: a page that is open in several browsers */
export const bridgeSeenPerClient = 8;
/** ms: how long they are remembered */
export const bridgeSeenMs = 300_000;
/** count: requests under way to webhookUrls and copyToUrl */
export const bridgePosts = 64;
/** ms: for one of them to be answered */
export const bridgePostMs = 10_000;
/** count: messages read from a log at once for a connection that catches up */
export const bridgePage = 64;
