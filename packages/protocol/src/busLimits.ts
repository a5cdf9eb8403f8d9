/** Limits of the bus that carries messages of topics between nodes over Redis; part of `allLimits.ts`. */

/** ms: how often a node sends itself a message over each Redis master */
export const busPingMs = 1_000;
/** ms: time for such a message, or for any answer, before the connection counts as dead */
export const busAnswerMs = 2_500;
/** ms: time for a connection to Redis to be ready, and for the first one at a start */
export const busConnectMs = 5_000;
/** ms: first wait before connecting again, or asking a partition again; doubled up to busRetryMsMax */
export const busRetryMs = 50;
/** ms: longest wait before connecting again */
export const busRetryMsMax = 1_000;
/** ms: once Redis is back, messages without a log wait this long for the other nodes, and again while fewer listen than before */
export const busOthersMs = 1_500;
/** ms: by then they are sent, whoever is back */
export const busOthersMsMax = 9_000;
/** ms: how often the map of slots of a cluster is read unasked */
export const busTopologyMs = 5_000;
/** ms: how often a node holds what it has heard of its topics against the ends of their logs */
export const busVerifyMs = 10_000;
/** ms: how long a node keeps what Redis has accepted from it, to add it again after a failover that lost it */
export const busAcceptedMs = 60_000;
/** count: most such messages of a node; a failover loses what a replica is behind, seconds at most */
export const busAcceptedCount = 50_000;
/** bytes: of them together */
export const busAcceptedBytes = 32 * 1024 * 1024;
/** count: messages of a node that wait for Redis; the next is refused with BUS_UNAVAILABLE */
export const busWaitingCount = 20_000;
/** bytes: of them together */
export const busWaitingBytes = 32 * 1024 * 1024;
/** ms: how long a node keeps what Redis has accepted of topics without a log, to say it again where Redis ends: a dead one is found as late as that */
export const busLatelyMs = 3_500;
/** count: most such messages of a node */
export const busLatelyCount = 5_000;
/** bytes: of them together */
export const busLatelyBytes = 4 * 1024 * 1024;
/** ms: a durable message that Redis has not accepted by then is refused, whatever became of it */
export const busDurableMs = 15_000;
/** ms: how long a node remembers the ids of messages that it delivered */
export const busSeenMs = 60_000;
/** count: most ids remembered: 1,600 messages a second for a minute */
export const busSeenCount = 100_000;
/** count: live messages of a topic held while a gap before them is read; more, and all are read from the log */
export const busHeldCount = 1_000;
/** count: messages read from a log at once */
export const busReadCount = 500;
/** bytes: with which such a reading ends */
export const busReadBytes = 4 * 1024 * 1024;
/** count: topics asked about in one call after a connection was lost */
export const busTailsCount = 200;
/** ms: how long Redis remembers the ids of a topic's messages: one that comes again is the same message */
export const busIdsMs = 600_000;
/** count: most ids of one topic in Redis */
export const busIdsCount = 50_000;
/** ms: how long Redis remembers where the log of a topic ended that holds no message any more */
export const busMetaMs = 30 * 86_400_000;
/** count: messages dropped from a log by one append; more only when its retention was shortened */
export const busTrimCount = 1_000;
/** count: Redis servers that a setting names */
export const busServers = 64;
/** count: replicas that a durable message may be asked to have reached */
export const busReplicas = 5;
/** ms: how long one asking of replicas takes at most; it is repeated while the message may still be accepted */
export const busReplicasMs = 1_000;
