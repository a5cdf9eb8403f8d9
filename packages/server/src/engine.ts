/** The pure engine of a node, for those who bring their own shell: simulators, tests. */

export type { EngineLimits } from './engine/EngineLimits.js';
export type {
  CursorMac,
  DedupName,
  EngineStats,
  RollbackProof,
  ServerEffects,
  ServerEngineOptions,
  Verdict,
} from './engine/ports.js';
export type { Repair, RepairChange, RepairOrder, RepairResult } from './engine/repair/Repair.js';
export type { MergeContext, Resolution, Resolver } from './engine/resolvers/Resolver.js';
export { Resolvers } from './engine/resolvers/Resolvers.js';
export { ServerEngine } from './engine/ServerEngine.js';
export { cursorMac } from './security/cursorMac.js';
export { type Action, PermissionPolicy, type Policy, type Principal } from './security/PermissionPolicy.js';
export type {
  CommitBatch,
  CommitResult,
  DedupEntry,
  DedupRow,
  DedupState,
  GcMarks,
  Offset,
  PartitionSlice,
  StoreBoot,
  StoredRecord,
} from './storage/Store.js';
export { FORGOTTEN } from './storage/Store.js';
