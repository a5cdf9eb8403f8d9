/** The pure engine of a realm, for those who bring their own shell: simulators, tests. */
export type {
  BackoffOptions,
  ClientClock,
  ClientEffects,
  ClientEvent,
  Kind,
  RealmOptions,
  Rejection,
  TabMessage,
  Wants,
} from './engine/ports.js';
export { RealmEngine } from './engine/RealmEngine.js';
export type { StoreKey, StoreTx } from './storage/IStorageAdapter.js';
