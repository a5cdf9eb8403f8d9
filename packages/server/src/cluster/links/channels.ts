import type { LinkChannel } from '../ports.js';

/** The channels in the order of their numbers on the wire: new ones go to the end. */
export const linkChannels: readonly LinkChannel[] = ['feed', 'ops', 'answers', 'barrier', 'topics'];
