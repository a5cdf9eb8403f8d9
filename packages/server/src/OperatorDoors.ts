import { BackupDesk, type BackupDeskParts } from './backup/BackupDesk.js';
import { type ClusterView, LoneView } from './cluster/ClusterView.js';
import type { ServerConfig } from './config/schema.js';
import { OperationLog } from './debug/OperationLog.js';
import { backupRoutes } from './doors/backup.js';
import { clusterRoutes } from './doors/cluster.js';
import { debugRoutes } from './doors/debug/debugRoutes.js';
import { explainRoutes } from './doors/explain.js';
import { exportRoutes } from './doors/export.js';
import { nodeRoutes } from './doors/node.js';
import type { Route } from './doors/Route.js';
import { webhookSubscriptionRoutes } from './doors/webhookSubscriptions.js';
import { webhookRoutes } from './doors/webhooks.js';
import type { EngineHost } from './EngineHost.js';
import { WebhookDesk, type WebhookDeskParts } from './webhooks/WebhookDesk.js';

type OperatorParts = BackupDeskParts &
  WebhookDeskParts & {
    readonly config: Pick<ServerConfig, 'dev' | 'debug' | 'debugValues'>;
    readonly nodeId: string;
    readonly cluster: ClusterView | undefined;
  };

/** What operators have of a running server: lists, explanations, exports, backups, webhooks, and a look inside. */
export class OperatorDoors {
  readonly backups: BackupDesk;
  /** undefined where the server may not be looked into (DBG-1) */
  readonly operations: OperationLog | undefined;
  readonly webhooks: WebhookDesk;
  /** of a node of a cluster that of its cluster, from its start on */
  cluster: ClusterView;
  readonly #parts: OperatorParts;

  constructor(parts: OperatorParts) {
    const { dev, debug = dev, debugValues } = parts.config;
    this.#parts = parts;
    this.backups = new BackupDesk(parts);
    this.webhooks = new WebhookDesk(parts);
    this.cluster = parts.cluster ?? new LoneView(parts.nodeId);
    this.operations = debug ? new OperationLog({ withValues: debugValues }) : undefined;
  }

  /** Engine and topics run. Throws what the webhooks file is refused with. */
  async start(host: EngineHost): Promise<void> {
    this.webhooks.start(host);
    await this.backups.start();
  }

  stop(): void {
    this.backups.stop();
    this.webhooks.stop();
  }

  routes(): Route[] {
    const { engine, metrics, clock } = this.#parts;
    const shared = { inspector: () => engine()?.inspector, wallMs: () => clock.wallMs() };
    return [
      ...webhookRoutes(this.webhooks.intake, this.webhooks),
      ...webhookSubscriptionRoutes(this.webhooks),
      ...explainRoutes(shared),
      ...nodeRoutes({ lists: () => engine()?.counts.lists, metrics: () => metrics().json() }),
      ...clusterRoutes(() => this.cluster),
      ...exportRoutes(shared),
      ...backupRoutes(this.backups),
      ...debugRoutes({ ...shared, log: this.operations }),
    ];
  }
}
