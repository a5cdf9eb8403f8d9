import type { RevocationEntry } from './RevocationStore.js';

const PREFIX = 'revoked:';

/** Whether a fact that nodes share is a revocation. */
export const isRevocation = (name: string): boolean => name.startsWith(PREFIX);

/** The time belongs to the name: of two nodes that revoke for one subject at once, neither takes the other's back. */
export const factOf = ({ kind, name, beforeMs }: RevocationEntry): string =>
  `${PREFIX}${kind}:${beforeMs ?? ''}:${name}`;
