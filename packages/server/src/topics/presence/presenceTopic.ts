const PREFIX = 'presence/';

/** Where nodes say who is present in a topic. */
export const presenceTopic = (topic: string): string => `${PREFIX}${topic}`;
export const isPresence = (topic: string): boolean => topic.startsWith(PREFIX);
