/** A topic is to the policies the map of this name. */
export const topicMap = (topic: string): string => `topic:${topic}`;
