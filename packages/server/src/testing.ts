export { CommitGate, type CommitFault } from './storage/CommitGate.js';
export {
  commitOf,
  describeServerStorage,
  type StorageHarness,
  storedRecord,
} from './storage/describeServerStorage.js';
