/** The topic that hears what is published to every stream and user. */
export const EVERYTHING = '*';

/** Of two segments: who may hear them all may hear each. */
const MIRRORED = /^(stream|user)\/[^:/]+$/;

/** Where a message of this topic is published once more (SSE-4); undefined for nowhere. */
export const mirrorOf = (topic: string): string | undefined =>
  MIRRORED.test(topic) ? EVERYTHING : undefined;
