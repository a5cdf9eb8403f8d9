import type { Principal } from '../../security/PermissionPolicy.js';

/** One event on its way to one subscription; the value of a meta record. */
export interface Delivery {
  /** `msg_…`, never given twice */
  readonly id: string;
  /** id of the subscription */
  readonly to: string;
  readonly body: string;
  /** when it was made, ms since the epoch of Unix */
  readonly atMs: number;
  /** tries that have failed */
  readonly tries: number;
  /** when the next one is due */
  readonly dueMs: number;
  /** why the last try failed */
  readonly fault?: string;
  /** when it was given up */
  readonly deadMs?: number;
}

/** What is told to an address outside, and who asked for it; the value of a meta record. */
export interface Subscription {
  readonly id: string;
  readonly url: string;
  /** map patterns */
  readonly maps: readonly string[];
  /** names of topics */
  readonly topics: readonly string[];
  /** `whsec_…`; the first is the present one, the others sign until their time has come */
  readonly secrets: readonly { readonly secret: string; readonly untilMs?: number }[];
  /** it sees what this one may see (HOOK-21) */
  readonly by: Pick<Principal, 'sub' | 'roles' | 'claims'>;
  readonly createdMs: number;
  /** since when nothing is told, for the address said that it is gone (HOOK-32) */
  readonly goneMs?: number;
}

const SUBSCRIPTION = 'hook:sub:';
const DELIVERY = 'hook:out:';
const PLACE = 'hook:place:';

/** Names of the meta records of webhooks. */
export const outboxNames = {
  subscription: (id: string): string => SUBSCRIPTION + id,
  delivery: (id: string): string => DELIVERY + id,
  /** how far a topic has been heard for a subscription */
  place: (id: string, topic: string): string => `${PLACE}${id}:${topic}`,
  isSubscription: (name: string): boolean => name.startsWith(SUBSCRIPTION),
  isDelivery: (name: string): boolean => name.startsWith(DELIVERY),
  isPlace: (name: string): boolean => name.startsWith(PLACE),
  isOurs: (name: string): boolean => name.startsWith('hook:'),
};
