export { TableView } from './cluster/TableView.js';
export { type CommitFault, CommitGate } from './storage/CommitGate.js';
export {
  commitOf,
  describeServerStorage,
  storedRecord,
} from './storage/describeServerStorage.js';
export {
  describeSharedStorage,
  type SharedHarness,
  type SharedNode,
} from './storage/describeSharedStorage.js';
export type { StorageHarness } from './storage/StorageHarness.js';
