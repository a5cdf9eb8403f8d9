import { ConnectionLog } from './ConnectionLog.js';
import type { ClusterFigures } from './cluster/ClusterFigures.js';
import type { LinkFigures } from './cluster/links/ClusterLinks.js';
import { hasRedis } from './config/checkMailboxes.js';
import type { ServerConfig } from './config/schema.js';
import { HttpWatch } from './doors/HttpWatch.js';
import type { LiveFigures } from './doors/LiveDoors.js';
import { logRoutes } from './doors/logs.js';
import { MetricsPort } from './doors/MetricsPort.js';
import { metricsRoutes } from './doors/metrics.js';
import { degradedBy, type PendingFacts, type ProbeFacts, probeRoutes } from './doors/probes.js';
import { queryStatisticsRoutes } from './doors/queryStatistics.js';
import { type NotReady, Readiness } from './doors/Readiness.js';
import type { Route } from './doors/Route.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import type { LimitCounts } from './limits/LimitCounts.js';
import type { Figures, WebhookFigures } from './metrics/figures.js';
import { MetricsService } from './metrics/MetricsService.js';
import { QueryStatistics } from './metrics/QueryStatistics.js';
import { WorkMeter } from './metrics/WorkMeter.js';
import { SlowQueryLog } from './SlowQueryLog.js';
import { EmbeddedStore } from './storage/embedded/EmbeddedStore.js';
import type { CommitResult, Store } from './storage/Store.js';
import type { StoreWatch } from './storage/StoreWatch.js';
import { watchOf } from './storage/watchOf.js';
import type { TopicFigures } from './topics/TopicService.js';
import { HttpSpans } from './tracing/HttpSpans.js';
import { WorkSpans } from './tracing/WorkSpans.js';
import type { TransportStats } from './transport/WebSocketTransport.js';
import type { LogTail } from './utils/LogTail.js';
import type { Logger } from './utils/logger.js';

/** The parts of a server that are watched; those that come later are asked for when they are needed. */
export interface Observed {
  readonly config: ServerConfig;
  readonly facts: () => ProbeFacts;
  readonly store: Store;
  readonly logger: Logger;
  /** of the server's own log; a program that brings its logger keeps its lines itself */
  readonly tail: LogTail | undefined;
  readonly state: () => 'READY' | NotReady;
  readonly transport: () => TransportStats;
  readonly engine: () => ServerEngine | undefined;
  readonly topics: () => TopicFigures;
  /** of the shells */
  readonly limits: LimitCounts;
  /** what the doors hold open */
  readonly live: () => LiveFigures;
  readonly webhooks: () => WebhookFigures;
  /** to other nodes, where there are any */
  readonly links?: { figures(): LinkFigures } | undefined;
  /** of a node of a cluster */
  readonly cluster?: { figures(): ClusterFigures | undefined } | undefined;
}

/** Makes and connects what tells operators of the server: metrics, probes, the log of slow queries. */
export class Observability {
  readonly metrics: MetricsService;
  readonly meter: WorkMeter;
  readonly slowQueries: SlowQueryLog;
  readonly readiness: Readiness;
  readonly http: HttpWatch;
  readonly spans = new HttpSpans();
  /** that the metrics have for themselves, once it is open */
  metricsPort: number | undefined;
  readonly #observed: Observed;
  readonly #queries = new QueryStatistics();
  readonly #place: StoreWatch | undefined;
  readonly #port: MetricsPort | undefined;

  constructor(observed: Observed) {
    const { config, store, logger, facts } = observed;
    this.#observed = observed;
    // Nodes that are linked keep logs of topics in their database, unless Redis carries them.
    const isFolderUsed = observed.links === undefined || hasRedis(config);
    this.#place = watchOf(store, isFolderUsed ? config.dataDir : undefined);
    this.readiness = new Readiness(observed.state, this.#place);
    this.metrics = this.#createMetrics();
    this.meter = new WorkMeter(this.metrics, { log: new ConnectionLog(logger), spans: new WorkSpans() });
    this.slowQueries = new SlowQueryLog(logger, config.slowQueryMs, (made, ms) => {
      this.metrics.firstResult(ms);
      this.#queries.note(made, ms);
    });
    this.http = new HttpWatch(this.metrics.counts, logger, this.spans);
    if (config.metricsPort !== undefined) {
      const routes = [
        ...probeRoutes({ facts, pending: this.#pending, readiness: this.readiness }),
        ...metricsRoutes({ metrics: this.metrics, isOpen: true }),
      ];
      this.#port = new MetricsPort(config.metricsHost, config.metricsPort, routes, this.http);
    }
  }

  /** Of the main port. */
  routes(): Route[] {
    const { config, facts, tail } = this.#observed;
    return [
      ...(tail === undefined ? [] : logRoutes(tail)),
      ...queryStatisticsRoutes(this.#queries),
      ...probeRoutes({ facts, pending: this.#pending, readiness: this.readiness }),
      ...(this.#port === undefined
        ? metricsRoutes({ metrics: this.metrics, isOpen: false, token: config.metricsToken })
        : []),
    ];
  }

  /** Opens the metrics port, if there is to be one. Throws PORT_IN_USE and LISTEN_FAILED. */
  async open(): Promise<void> {
    this.metricsPort = (await this.#port?.open())?.port;
  }

  async close(): Promise<void> {
    await this.#port?.close();
    this.metrics.close();
  }

  /** A WebSocket was not let in. */
  handshakeRefused(status: number): void {
    this.metrics.counts.handshakesRefused.add(String(status));
  }

  /** The store has answered a commit. */
  readonly committed = (durationMs: number, result: CommitResult): void => {
    this.readiness.commitDone(result);
    this.meter.commitDone(durationMs, result);
  };

  readonly #pending = (): PendingFacts => {
    const { pendingOps = 0, pendingBytes = 0 } = this.#observed.engine()?.counts ?? {};
    return { ops: pendingOps, bytes: pendingBytes };
  };

  #wellbeing(reason: NotReady | undefined): Pick<Figures, 'isReady' | 'degraded'> {
    return { isReady: reason === undefined, degraded: degradedBy(reason, this.#observed.facts()) };
  }

  #createMetrics(): MetricsService {
    const { config, store, engine, topics, transport, facts, limits, live, webhooks, links, cluster } =
      this.#observed;
    return new MetricsService(async () => ({
      version: facts().version,
      ...this.#wellbeing(await this.readiness.reason()),
      diskFreeBytes: (await this.#place?.state())?.freeBytes,
      transport: transport(),
      engine: engine()?.stats(),
      topics: topics(),
      limitsHit: limits.limitsHit,
      live: live(),
      maps: [...(engine()?.counts.mapItems() ?? [])],
      mapFamiliesMax: config.metricsMapsMax,
      webhooks: webhooks(),
      links: links?.figures(),
      cluster: cluster?.figures(),
      store: store instanceof EmbeddedStore ? store.sizes() : undefined,
    }));
  }
}
