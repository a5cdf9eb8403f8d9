export {
  type PendingPage,
  type PendingPageOptions,
  type PendingWrite,
  pendingOps,
} from './pending/pendingOps.js';
