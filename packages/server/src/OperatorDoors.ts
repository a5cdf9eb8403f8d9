import { BackupDesk, type BackupDeskParts } from './backup/BackupDesk.js';
import type { ServerConfig } from './config/schema.js';
import { OperationLog } from './debug/OperationLog.js';
import { backupRoutes } from './doors/backup.js';
import { debugRoutes } from './doors/debug/debugRoutes.js';
import { explainRoutes } from './doors/explain.js';
import { exportRoutes } from './doors/export.js';
import { nodeRoutes } from './doors/node.js';
import type { Route } from './doors/Route.js';
import type { ServerEngine } from './engine/ServerEngine.js';

/** What operators have of a running server: lists, explanations, exports, backups, and a look inside. */
export class OperatorDoors {
  readonly backups: BackupDesk;
  /** undefined where the server may not be looked into (DBG-1) */
  readonly operations: OperationLog | undefined;
  readonly #wallMs: () => number;

  constructor(
    parts: BackupDeskParts & { readonly config: Pick<ServerConfig, 'dev' | 'debug' | 'debugValues'> },
  ) {
    const { dev, debug = dev, debugValues } = parts.config;
    this.#wallMs = () => parts.clock.wallMs();
    this.backups = new BackupDesk(parts);
    this.operations = debug ? new OperationLog({ withValues: debugValues }) : undefined;
  }

  /** `engine`: undefined before the store is loaded. `metrics`: every figure as data. */
  routes(engine: () => ServerEngine | undefined, metrics: () => Promise<unknown>): Route[] {
    const shared = { inspector: () => engine()?.inspector, wallMs: this.#wallMs };
    return [
      ...explainRoutes(shared),
      ...nodeRoutes({ lists: () => engine()?.counts.lists, metrics }),
      ...exportRoutes(shared),
      ...backupRoutes(this.backups),
      ...debugRoutes({ ...shared, log: this.operations }),
    ];
  }
}
