import { EVERYTHING } from './mirrorOf.js';

/**
 * A topic is to the policies the map of this name. To hear everything is a right over all topics of two segments: by its own name it would
 * be given away with the pattern for all topics of one (SSE-4).
 */
export const topicMap = (topic: string): string => `topic:${topic === EVERYTHING ? '*/*' : topic}`;
