import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import { LIMITS } from '@topgun/protocol';
import { ClusterNode } from './cluster/ClusterNode.js';
import { parseConfig } from './config/load.js';
import type { ServerConfig, ServerConfigInput } from './config/schema.js';
import { createRouter } from './createRouter.js';
import { createTransport } from './createTransport.js';
import { closeHttp } from './doors/closeHttp.js';
import { clusterFactsOf } from './doors/cluster.js';
import { createHttp } from './doors/createHttp.js';
import { LiveDoors } from './doors/LiveDoors.js';
import { listen } from './doors/listen.js';
import type { ProbeFacts } from './doors/probes.js';
import { drainServer } from './drainServer.js';
import { closeMsOf } from './drainTimes.js';
import type { EngineHost, WallClock } from './EngineHost.js';
import type { EngineStats } from './engine/ports.js';
import type { PoisonedRecord, Repair, RepairOrder } from './engine/repair/Repair.js';
import { Resolvers } from './engine/resolvers/Resolvers.js';
import type { ServerEngine } from './engine/ServerEngine.js';
import { serverError } from './errors.js';
import { Observability } from './Observability.js';
import { OperatorDoors } from './OperatorDoors.js';
import { findIn, repairWith } from './repairStore.js';
import type { Address, ServerOverrides, ServerState } from './ServerOverrides.js';
import { AuthService } from './security/AuthService.js';
import type { Policy } from './security/PermissionPolicy.js';
import type { PolicySources } from './security/PolicySources.js';
import type { Revocation } from './security/revocation/Revocations.js';
import { SecurityManager } from './security/SecurityManager.js';
import { startEngine } from './startEngine.js';
import { createStore } from './storage/createStore.js';
import type { Store } from './storage/Store.js';
import { storageOf } from './storage/storageOf.js';
import type { TimeProvider } from './time/NtpTimeProvider.js';
import { ntpTime } from './time/ntpTime.js';
import type { PublishOptions, TopicMessage, Topics } from './topics/ports.js';
import { SERVER_PRINCIPAL } from './topics/serverPrincipal.js';
import { TopicService } from './topics/TopicService.js';
import { type Visitors, visitorsOf } from './transport/visitorsOf.js';
import type { WebSocketTransport } from './transport/WebSocketTransport.js';
import { type Logger, loggerWithTail } from './utils/logger.js';
import { Pace } from './utils/Pace.js';
import { serverVersion } from './version.js';
import { WorkerPool } from './workers/WorkerPool.js';

/**
 * A TopGun server: `new ServerCoordinator(config)`, `await start()`, later `await shutdown()`.
 *
 * The composition root: it makes the parts and connects them, and decides nothing. The constructor throws
 * CONFIG_INVALID, RESOLVER_INVALID and TLS_INVALID; `start` throws AUTH_KEY_INVALID, AUTH_FILE_INVALID, DEV_NOT_LOOPBACK, STATIC_MISSING, PORT_IN_USE, LISTEN_FAILED and the
 * codes of `Store.open`.
 */
export class ServerCoordinator {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly #overrides: ServerOverrides;
  readonly #resolvers: Resolvers;
  readonly #logger: Logger;
  readonly #clock: WallClock;
  readonly #ntp: TimeProvider | undefined;
  readonly #watch: Observability;
  readonly #http: Server;
  readonly #visitors: Visitors;
  readonly #transport: WebSocketTransport;
  readonly #store: Store;
  readonly #operators: OperatorDoors;
  readonly #live: LiveDoors;
  readonly #topics: TopicService;
  readonly #workers = new WorkerPool();
  readonly #cluster: ClusterNode | undefined;
  readonly #timers: readonly NodeJS.Timeout[];
  #startedAtMs: number;
  #host: EngineHost | undefined;
  #engine: ServerEngine | undefined;
  #auth: AuthService | undefined;
  #address: Address | undefined;
  #starting: Promise<Address> | undefined;
  readonly #stopped = new AbortController();
  #policies: PolicySources | undefined;
  #state: ServerState = 'NEW';
  #stopping: Promise<void> | undefined;

  constructor(config: ServerConfigInput = {}, overrides: ServerOverrides = {}) {
    this.config = parseConfig(config);
    this.nodeId = this.config.nodeId ?? `node-${randomBytes(6).toString('hex')}`;
    this.#overrides = overrides;
    this.#resolvers = new Resolvers(this.config.resolvers, overrides.resolvers);
    const { logger, tail } = loggerWithTail(this.config.logLevel, overrides.logger);
    this.#logger = logger;
    this.#ntp = overrides.clock === undefined ? ntpTime(this.config.ntpServers, this.#logger) : undefined;
    this.#clock = overrides.clock ?? this.#ntp ?? { wallMs: () => Date.now() };
    this.#startedAtMs = this.#clock.wallMs();
    const onFatal = (error: unknown): void => this.#fail(error);
    const isBusDown = (): boolean => this.#topics.redis === 'down';
    this.#cluster = ClusterNode.of({ config: this.config, nodeId: this.nodeId, logger, isBusDown, onFatal });
    this.#store =
      overrides.store ?? createStore(this.config, this.#workers, logger, onFatal, this.#cluster?.fence);
    this.#visitors = visitorsOf(this.config);
    this.#transport = createTransport({
      visitors: this.#visitors,
      host: () => this.#host,
      auth: () => this.#auth,
      watch: () => this.#watch,
    });
    const metrics = () => this.#watch.metrics;
    const links = this.#cluster?.links;
    const shared = { config: this.config, nodeId: this.nodeId, store: this.#store, logger, metrics, links };
    this.#operators = new OperatorDoors({
      ...shared,
      cluster: overrides.cluster,
      clock: this.#clock,
      engine: () => this.#engine,
      topics: () => this.#topics.topics(),
    });
    this.#topics = new TopicService({
      ...shared,
      wallMs: () => this.#clock.wallMs(),
      policies: () => this.#made(this.#engine, 'publish').policies,
      onFatal,
    });
    this.#live = new LiveDoors({
      config: this.config,
      visitors: this.#visitors,
      topics: () => this.topics,
      wallMs: () => this.#clock.wallMs(),
      logger: this.#logger,
      interceptors: overrides.interceptors,
      security: () => this.#auth?.security,
      watch: () => this.#watch,
      cluster: this.#cluster?.links.door,
    });
    this.#watch = new Observability({
      ...shared,
      facts: () => this.#facts(),
      tail,
      state: () => this.#state,
      transport: () => this.#transport.stats(),
      engine: () => this.#engine,
      topics: () => this.#topics.figures(),
      limits: this.#visitors.limits,
      ...{ live: () => this.#live.figures(), cluster: this.#cluster },
      webhooks: () => this.#operators.webhooks.figures(),
    });
    this.#http = createHttp(this.config, this.#logger);
    this.#timers = [
      setInterval(() => this.#visitors.guard.sweep(this.#clock.wallMs()), 60_000),
      setInterval(() => this.#transport.watch(performance.now()), LIMITS.watchQueuesMs),
    ];
    for (const timer of this.#timers) timer.unref();
  }

  get state(): ServerState {
    return this.#state;
  }

  /** Port listened on; with port 0 the one the system chose. */
  get port(): number {
    if (this.#address === undefined)
      throw serverError('SERVER_STATE', 'The server does not listen: it has no port.');
    return this.#address.port;
  }

  /** Port of the metrics; undefined when they have none of their own. */
  get metricsPort(): number | undefined {
    return this.#watch.metricsPort;
  }

  /** Whether new clients are welcome: started, not draining, store in order. */
  ready(): boolean {
    return this.#state === 'READY';
  }

  stats(): EngineStats | undefined {
    return this.#engine?.stats();
  }

  /** The engine, for reading roots and positions; undefined before the store is loaded. */
  get engine(): ServerEngine | undefined {
    return this.#engine;
  }

  /**
   * Takes the place of the setting `policies` until the next start; those of the policies file and of the store stay. They hold
   * for live sessions at once (PERM-4). Throws POLICY_INVALID and keeps the old, and SERVER_STATE before `start`.
   */
  setPolicies(policies: readonly Policy[]): void {
    this.#made(this.#policies, 'setPolicies').set(policies);
  }

  /** Opens the store, takes its content into memory and listens. On failure everything begun is undone. */
  async start(): Promise<Address> {
    if (this.#state !== 'NEW')
      throw serverError('SERVER_STATE', `start() was called in state ${this.#state}.`);
    this.#state = 'STARTING';
    this.#starting = this.#start();
    return this.#starting;
  }

  async #start(): Promise<Address> {
    try {
      const security = await SecurityManager.create(this.config);
      await this.#openDoors();
      await this.#ntp?.start();
      this.#startedAtMs = this.#clock.wallMs();
      // Probes answer while a large store is loading.
      this.#address = await listen(this.#http, this.config.host, this.config.port);
      await this.#watch.open();
      await this.#startEngine(security);
      this.#state = 'READY';
    } catch (error) {
      await this.#close();
      this.#state = 'FAILED';
      throw error;
    }
    const { nodeId, metricsPort, config } = this;
    const storage = storageOf(config);
    this.#logger.info({ ...this.#address, metricsPort, nodeId, storage, dev: config.dev }, 'ready');
    return this.#address;
  }

  /**
   * Stops gracefully: no longer ready, clients told to reconnect elsewhere, everything admitted made durable and
   * answered, sockets closed with 1001, store closed. Takes at most `drainMs`. Safe to call twice. A server
   * that is still loading stops at once: `start` rejects with SERVER_STATE.
   */
  shutdown(): Promise<void> {
    this.#stopping ??= this.#shutdown();
    return this.#stopping;
  }

  /**
   * Replaces or removes a record whose stamp lies further ahead than the server admits, so that ordinary writes win again
   * (CLK-7). Resolves when that is durable; every device replaces the record. Policies and resolvers are not asked. Throws
   * REPAIR_MISSING, REPAIR_NEEDLESS, REPAIR_UNSUPPORTED, REPAIR_INVALID, in a cluster REPAIR_UNAVAILABLE, SERVER_STATE.
   */
  async repair(order: RepairOrder): Promise<Repair> {
    if (this.#host === undefined || this.#state !== 'READY')
      throw serverError('SERVER_STATE', `repair() was called in state ${this.#state}.`);
    return repairWith(this.#cluster?.repairs ?? this.#host, order);
  }

  /** The last 10,000 repairs, the oldest first. */
  repairs(): readonly Repair[] {
    return this.#engine?.repairs.log ?? [];
  }

  /** Records that a repair is for, at most `limit` (default 1,000). Reads every record, giving sockets their turn in between. */
  async poisoned(limit = 1_000): Promise<readonly PoisonedRecord[]> {
    return this.#engine === undefined ? [] : findIn(this.#engine, this.#clock.wallMs(), limit);
  }

  /** Reads the keys of tokens and the operators again, as every few seconds and at SIGHUP. Throws AUTH_KEY_INVALID, the old keys hold then, and SERVER_STATE. */
  reloadKeys(): Promise<void> {
    return this.#made(this.#auth, 'reloadKeys').reloadKeys();
  }

  /** Refuses a token, or those of a subject issued before `beforeMs` (default now), and ends their sessions. Throws REVOCATION_INVALID, REVOCATIONS_FULL, SERVER_STATE, and what the disk refuses. */
  revoke(revocation: Revocation): Promise<void> {
    return this.#made(this.#auth, 'revoke').revoke(revocation);
  }

  /** With which the first operator can be made (`POST /api/auth/setup`): on loopback, outside of development, while there is none. */
  get setupToken(): string | undefined {
    return this.#auth?.operators.setupToken;
  }

  /** The topics of this node, for programs that hear them themselves; undefined unless the server runs. */
  get topics(): Topics | undefined {
    return this.#topics.topics();
  }

  /** Publishes as the server itself, which no policy is asked about. Throws what `Topics.publish` throws, and SERVER_STATE. */
  async publish(topic: string, data: unknown, options?: PublishOptions): Promise<TopicMessage> {
    return this.#made(this.topics, 'publish').publish(topic, data, SERVER_PRINCIPAL, options);
  }

  #made<T>(part: T | undefined, call: string): T {
    if (part === undefined)
      throw serverError('SERVER_STATE', `${call}() was called in state ${this.#state}.`);
    return part;
  }

  async #shutdown(): Promise<void> {
    this.#stopped.abort(serverError('SERVER_STATE', 'The server was stopped while it was starting.'));
    // Whatever start() has begun is undone by it.
    await this.#starting?.catch(() => undefined);
    if (this.#state === 'READY') {
      this.#state = 'DRAINING';
      const complete = await drainServer(this.config, this.#live, this.#host, this.#transport, this.#cluster);
      this.#logger.info({ complete }, 'drained');
    }
    await this.#close();
    this.#state = 'STOPPED';
  }

  async #close(): Promise<void> {
    this.#ntp?.stop();
    this.#auth?.stop();
    this.#policies?.stop();
    for (const timer of this.#timers) clearInterval(timer);
    this.#live.close();
    // Its links are sockets of the server that is closed next.
    await this.#cluster?.leave();
    const closeMs = closeMsOf(this.config);
    await Promise.all([this.#transport.closeAll(closeMs), closeHttp(this.#http, closeMs)]);
    this.#host?.stop();
    this.#operators.stop();
    await this.#topics.close();
    await this.#workers.close();
    await this.#store.close();
    await this.#watch.close();
  }

  async #startEngine(security: SecurityManager): Promise<void> {
    const pace = new Pace({ signal: this.#stopped.signal });
    const boot = await this.#store.open(pace);
    // Now the data folder is this server's alone.
    this.#auth = await AuthService.open(security, this.config, {
      wallMs: () => this.#clock.wallMs(),
      logger: this.#logger,
      shared: this.#cluster?.revocationsIn(boot),
      onChange: () => {
        this.#host?.judgeTokens();
        this.#live.judgeTokens(
          (principal) => security.objectionTo(principal, this.#clock.wallMs()) !== undefined,
        );
      },
    });
    const started = await startEngine({
      ...{ config: this.config, nodeId: this.nodeId, boot, pace, security, store: this.#store },
      ...{ clock: this.#clock, logger: this.#logger, resolvers: this.#resolvers, overrides: this.#overrides },
      ...{ transport: this.#transport, watch: this.#watch, operations: this.#operators.operations },
      ...{ cluster: this.#cluster, port: this.port },
      topics: () => this.topics,
      onPolicies: () => this.#topics.review(),
      onOutbox: this.#operators.webhooks.stored,
      onFatal: (error) => this.#fail(error),
    });
    ({ policies: this.#policies, host: this.#host, engine: this.#engine } = started);
    if (this.#cluster !== undefined) this.#operators.cluster = this.#cluster.view;
    this.#auth.start();
    await this.#topics.open().then(() => this.#live.opened());
    await this.#operators.start(started.host);
  }

  async #openDoors(): Promise<void> {
    const router = await createRouter({
      config: this.config,
      visitors: this.#visitors,
      watch: this.#watch,
      operators: this.#operators,
      live: this.#live,
      isStopping: () => this.#state === 'DRAINING',
      topics: () => this.topics,
      wallMs: () => this.#clock.wallMs(),
      presence: () => this.#topics.presence(),
      status: () => ({
        ...this.#facts(),
        state: this.#state,
        storage: storageOf(this.config),
        engine: this.#engine,
        time: this.#ntp?.status() ?? { source: 'local', offsetMs: 0 },
      }),
      engine: () => this.#engine,
      host: () => this.#host,
      sources: () => this.#policies,
      auth: () => this.#auth,
    });
    this.#http.on('request', router.listener);
    const upgrades = this.#live.upgrades(
      this.#transport,
      () => this.#state === 'READY' || this.#state === 'DRAINING',
    );
    this.#http.on('upgrade', (request, stream, head) => {
      this.#watch.spans.handshake(request);
      upgrades.take(request, stream, head);
    });
  }

  #facts(): ProbeFacts {
    return {
      nodeId: this.nodeId,
      version: serverVersion,
      uptimeMs: this.#clock.wallMs() - this.#startedAtMs,
      connections: this.#transport.stats().connections,
      redis: this.#topics.redis,
      cluster: this.#cluster && clusterFactsOf(this.#cluster.view, this.#cluster.waitingOps),
    };
  }

  #fail(error: unknown): void {
    if (this.#state === 'STOPPED' || this.#state === 'FAILED') return;
    this.#state = 'FAILED';
    this.#host?.stop();
    this.#logger.fatal({ err: error }, 'the server cannot go on');
    this.#overrides.onFatal?.(error);
  }
}
