import type { ClusterView } from './cluster/ClusterView.js';
import type { WallClock } from './EngineHost.js';
import type { EngineLimits } from './engine/EngineLimits.js';
import type { Resolver } from './engine/resolvers/Resolver.js';
import type { Interceptor } from './interceptors/Interceptor.js';
import type { Store } from './storage/Store.js';
import type { Logger } from './utils/logger.js';

/** Parts a program or a test puts in place of the usual ones. */
export interface ServerOverrides {
  readonly store?: Store;
  readonly clock?: WallClock;
  readonly logger?: Logger;
  readonly limits?: Partial<EngineLimits>;
  /** The program's own conflict resolvers by name; the setting `resolvers` assigns them to maps. */
  readonly resolvers?: Readonly<Record<string, Resolver>>;
  /** What the program hooks into connections and ops, asked in this order (docs/guides/interceptors.md). */
  readonly interceptors?: readonly Interceptor[];
  /** The cluster as operators see and move it; by default that of the settings. */
  readonly cluster?: ClusterView;
  /** The server can no longer keep its promises and has stopped serving; end the process. Default: only logged. */
  readonly onFatal?: (error: unknown) => void;
}

export type ServerState = 'NEW' | 'STARTING' | 'READY' | 'DRAINING' | 'STOPPED' | 'FAILED';

/** Where a server listens. */
export interface Address {
  readonly port: number;
  readonly host: string;
}
