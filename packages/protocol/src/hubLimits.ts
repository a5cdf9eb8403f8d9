/** Those limits that the topics of a node keep, whichever door they are asked through; part of `allLimits.ts`. */

/** count: live messages held for a subscriber that is being told its history; beyond it the log is read again */
export const topicHeldMessages = 256;
/** count: messages of a topic read from its log at once */
export const topicReadMessages = 256;
/** bytes: what one turn brings a subscriber of a history, and what is held for it meanwhile: far below what may wait for a socket */
export const topicPartBytes = 128 * 1024;
/** count: messages that one node is adding to logs; further ones are refused: some seconds of a slow disk */
export const topicAppends = 10_000;
/** ms: a message id that comes again within this time is not published again */
export const topicIdsMs = 60_000;
/** count: message ids remembered for that time; of more the oldest are forgotten earlier */
export const topicIds = 50_000;
/** bytes: one text within a message, whatever its door lets through: a letter in a mailbox has up to 10 MiB */
export const topicTextBytes = 16 * 1024 * 1024;
/** bytes: body of a message published over HTTP */
export const topicBodyBytes = 64 * 1024;
/** ms: longest time that a namespace may keep messages: 30 days */
export const topicAgeMs = 30 * 86_400_000;
/** ms: pause between two looks for messages whose time is over */
export const topicSweepMs = 1_000;
