export {
  EncryptedStorageAdapter,
  type EncryptedStorageOptions,
} from './encrypted/EncryptedStorageAdapter.js';
