/** Those limits that topics and their logs keep; part of `allLimits.ts`. */

const MIB = 1024 * 1024;

/** bytes: what the log on the disk holds of all topics together; more than that is refused until something has expired */
export const topicLogBytes = 4 * 1024 * MIB;
/** bytes: the same for what is kept in memory alone */
export const topicMemoryBytes = 256 * MIB;
/** count: messages of one reading; more follow with the next */
export const topicPage = 1_000;
/** bytes: one reading ends behind the message that reaches it: two large mails, or some thousand events */
export const topicPageBytes = 4 * MIB;
/** bytes: messages that wait for the disk at once; the disk that cannot keep up is not made up for by memory */
export const topicWaitingBytes = 64 * MIB;
/** count: messages of one flush; 1,000 small ones take some 10 ms */
export const topicFlush = 1_000;
/** bytes: of one flush; the next begins when it is done */
export const topicFlushBytes = 8 * MIB;
/** count: expired messages that one step of sweeping takes out, some 5 ms */
export const topicSweep = 500;
/** ms: a topic of which nothing is left is forgotten after that time; until then a reader that comes back is told exactly */
export const topicForgetMs = 3_600_000;
/** count: connections of a node to PostgreSQL for the logs of topics, where it keeps them: one appends, the others read */
export const topicConnections = 3;
/** ms: how long a message may wait for PostgreSQL; it is refused then, whatever became of it */
export const topicAppendMs = 15_000;
