export { type QueryFilter, type Where, where } from '@topgun/core';
export type { ChangedKeys, ConnectionStateChange, StateHistoryEntry } from './AppEvents.js';
export type { TopGunClientOptions } from './config/options.js';
export { ConnectionListeners } from './connection/ConnectionListeners.js';
export type { ConnectionEvents, IConnectionProvider } from './connection/IConnectionProvider.js';
export type { WebSocketConstructor, WebSocketLike } from './connection/loadWebSocket.js';
export { NullProvider } from './connection/NullProvider.js';
export { SingleServerProvider } from './connection/SingleServerProvider.js';
export type { BackoffOptions, Rejection, SettledOutcome } from './engine/ports.js';
export { type ClientErrorCode, clientErrors } from './errors.js';
export type { LWWMapHandle, MapWriter } from './handles/LWWMapHandle.js';
export type { ORMapElement, ORMapHandle } from './handles/ORMapHandle.js';
export type { PNCounterHandle } from './handles/PNCounterHandle.js';
export type {
  TopicHandle,
  TopicMessageInfo,
  TopicPosition,
  TopicStanding,
  TopicSubscribeOptions,
} from './handles/TopicHandle.js';
export type { GateSurroundings, WriteGate } from './handles/WriteGate.js';
export type { WriteHandle, WriteLevel, WriteState } from './handles/WriteHandle.js';
export type { QuerySnapshot } from './query/LiveQuery.js';
export type { QueryHandle } from './query/QueryHandle.js';
export type { ChangeEvent, Row } from './query/QueryRows.js';
export {
  type StateChange,
  type SyncEventName,
  SyncStateMachine,
  type SyncStateName,
  transitions,
} from './SyncStateMachine.js';
export { checkStoreKey, checkStoreTx } from './storage/checkStoreTx.js';
export {
  type IStorageAdapter,
  STORE_KEY_SEGMENTS_MAX,
  type StoreKey,
  type StoreTx,
} from './storage/IStorageAdapter.js';
export { keyOfLife, LIFE_KEY } from './storage/StoreLife.js';
export { type StorageErrorCode, storageError, storageErrors } from './storage/storageErrors.js';
export { TopGunClient } from './TopGunClient.js';
export type { Unsubscribe } from './utils/Listeners.js';
export { type Logger, type LogMethod, silentLogger } from './utils/logger.js';
