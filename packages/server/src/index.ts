export { type ConfigSources, loadConfig, parseConfig } from './config/load.js';
export { parsePolicies, parsePolicyText } from './config/parsePolicies.js';
export {
  configHelp,
  envOf,
  flagOf,
  hasFlag,
  type ServerConfig,
  type ServerConfigInput,
  type SettingName,
  settingNames,
  settings,
} from './config/schema.js';
export { policySchema } from './config/settings/auth.js';
export type { MapStatus, ServerStatus } from './doors/status.js';
export type { WallClock } from './EngineHost.js';
export { ENGINE_LIMITS, type EngineLimits } from './engine/EngineLimits.js';
export type { EngineStats, ServerEffects, ServerEngineOptions, Verdict } from './engine/ports.js';
export type {
  PoisonedRecord,
  Repair,
  RepairChange,
  RepairOrder,
} from './engine/repair/Repair.js';
export type { MergeContext, Resolution, Resolver } from './engine/resolvers/Resolver.js';
export { type ResolverFault, type ResolverRule, Resolvers } from './engine/resolvers/Resolvers.js';
export { ServerEngine } from './engine/ServerEngine.js';
export { type ServerErrorCode, serverErrors } from './errors.js';
export { exportFolder, type FolderPage } from './export/exportFolder.js';
export type { ExportRow } from './export/exportRow.js';
export {
  type ClientConnection,
  delayOp,
  type FinalRefusal,
  type InterceptedOp,
  type InterceptedWrite,
  type Interceptor,
  type OpDecision,
  type OpOutcome,
  type PassingRefusal,
  rejectOp,
  replaceValues,
  type WriteKind,
} from './interceptors/Interceptor.js';
export { type RateLimitOptions, rateLimit } from './interceptors/rateLimit.js';
export { type ServerTimestampOptions, serverTimestamp } from './interceptors/serverTimestamp.js';
export { devLimits } from './limits/devLimits.js';
export { MetricsService, type MetricsSources } from './metrics/MetricsService.js';
export {
  type FolderFindings,
  findPoisoned,
  type RepairSettings,
  repairAll,
  repairStore,
} from './repairStore.js';
export { ServerCoordinator } from './ServerCoordinator.js';
export type { ServerOverrides, ServerState } from './ServerOverrides.js';
export { isLoopback } from './security/loopback.js';
export { type Operator, OperatorFile } from './security/operators/OperatorFile.js';
export {
  type Access,
  type AccessQuestion,
  type Action,
  PermissionPolicy,
  type Policy,
  type Principal,
} from './security/PermissionPolicy.js';
export type { Considered } from './security/policy/explainAccess.js';
export type { Revocation } from './security/revocation/Revocations.js';
export {
  SecurityManager,
  type SecuritySettings,
  type Verification,
} from './security/SecurityManager.js';
export {
  type BackupManifest,
  backupStore,
  manifestText,
  type RestoreReport,
  readIncarnation,
  restoreStore,
} from './storage/embedded/backupStore.js';
export { EmbeddedStore, type EmbeddedStoreOptions } from './storage/embedded/EmbeddedStore.js';
export { MemoryStore, type MemoryStoreOptions } from './storage/MemoryStore.js';
export type {
  CommitBatch,
  CommitResult,
  DedupEntry,
  DedupRow,
  DedupState,
  GcMarks,
  MetaRow,
  Offset,
  PartitionSlice,
  Store,
  StoreBoot,
  StoredRecord,
} from './storage/Store.js';
export { compareOffsets } from './storage/Store.js';
export {
  type RoomEnvelope,
  type RoomEventOptions,
  RoomHub,
  type RoomListening,
  type RoomListenOptions,
} from './topics/rooms/RoomHub.js';
export { describeError, type ShownError } from './utils/describeError.js';
export { createLogger, type Logger, type LoggerOptions } from './utils/logger.js';
export { serverVersion } from './version.js';
