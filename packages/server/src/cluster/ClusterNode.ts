import { randomUUID } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { ServerConfig } from '../config/schema.js';
import type { EngineHost } from '../EngineHost.js';
import { Forwarding } from '../engine/cluster/Forwarding.js';
import type { ClusterOptions } from '../engine/cluster/ports.js';
import type { ServerEngine } from '../engine/ServerEngine.js';
import { SharedRevocationStore } from '../security/revocation/SharedRevocationStore.js';
import { PostgresStore, type PostgresStoreOptions } from '../storage/postgres/PostgresStore.js';
import type { Store, StoreBoot } from '../storage/Store.js';
import type { Logger } from '../utils/logger.js';
import type { ClusterFigures } from './ClusterFigures.js';
import type { ClusterManager } from './ClusterManager.js';
import { type ClusterFault, type ClusterView, LoneView } from './ClusterView.js';
import { FollowService } from './FollowService.js';
import type { ClusterLinks } from './links/ClusterLinks.js';
import { createLinks } from './links/createLinks.js';
import { ManagedView } from './ManagedView.js';
import { OpRouting } from './OpRouting.js';
import type { NodeInfo } from './ports.js';
import type { RepairRouting } from './RepairRouting.js';
import { startCluster } from './startCluster.js';

export interface ClusterNodeParts {
  readonly config: ServerConfig;
  readonly nodeId: string;
  readonly logger: Logger;
  /** topics do not reach the other nodes */
  readonly isBusDown: () => boolean;
  /** The node cannot go on: the server is to stop. */
  readonly onFatal: (error: unknown) => void;
}

/** What the engine and its host get from the cluster. */
export interface ClusterSeat {
  readonly options: ClusterOptions;
  readonly commitShared: FollowService['commit'];
}

/**
 * A server as one node of several (docs/specs/cluster.md): its links, what it follows, the ops it sends on, its membership. It makes these parts
 * and connects them, in the order in which a server starts: `seat` when the store is open, `connect` when there is an engine, `join` when it has
 * loaded and listens. On the way out `drain`, and `leave` when nothing is staged any more.
 */
export class ClusterNode {
  readonly links: ClusterLinks;
  readonly #parts: ClusterNodeParts;
  readonly #boot: string;
  readonly #forwarding: Forwarding;
  #store: PostgresStore | undefined;
  #host: EngineHost | undefined;
  #engine: ServerEngine | undefined;
  #view: ClusterView;
  #follow: FollowService | undefined;
  #routing: OpRouting | undefined;
  #manager: ClusterManager | undefined;
  #revocations: SharedRevocationStore | undefined;

  private constructor(parts: ClusterNodeParts, boot: string, links: ClusterLinks) {
    const { nodeId: name } = parts;
    this.#parts = parts;
    this.#boot = boot;
    this.links = links;
    const { forwardedOps, forwardedBytes, forwardedRetryMs: retryMs } = LIMITS;
    this.#forwarding = new Forwarding({ name, boot, forwardedOps, forwardedBytes, retryMs });
    this.#view = new LoneView(name);
  }

  /** undefined where the settings ask for no cluster. */
  static of(parts: ClusterNodeParts): ClusterNode | undefined {
    const { config, nodeId, logger } = parts;
    const boot = randomUUID();
    const links = createLinks(config, { nodeId, boot, logger });
    if (config.cluster && config.volatileMaps !== undefined)
      logger.warn('a cluster keeps all maps in its database: volatileMaps has no effect');
    return links && new ClusterNode(parts, boot, links);
  }

  /** For the store, whose commits show the fence of this node. */
  get fence(): PostgresStoreOptions['node'] {
    return { name: this.#parts.nodeId, boot: this.#boot, onFenced: () => this.#manager?.fenceLost() };
  }

  /** Tokens that are refused at all nodes, with what the open store holds of them. */
  revocationsIn({ meta: facts }: StoreBoot): SharedRevocationStore {
    const stage = (name: string, value: unknown): void =>
      this.#host?.outbox((outbox) => outbox.stage(name, value));
    this.#revocations = new SharedRevocationStore({ facts, stage });
    return this.#revocations;
  }

  /** Facts that belong to the shell are durable. */
  stored(facts: ReadonlyMap<string, unknown>): void {
    this.#revocations?.stored(facts);
  }

  /** The store is open. */
  seat(store: Store, { incarnation }: StoreBoot): ClusterSeat {
    if (!(store instanceof PostgresStore)) throw new TypeError('A cluster needs the store of PostgreSQL.');
    this.#store = store;
    const { nodeId: name, logger, onFatal } = this.#parts;
    const follow = new FollowService({
      name,
      store,
      links: this.links,
      incarnation,
      input: (run) => this.#host?.cluster(run),
      onMap: (map) => {
        this.#routing?.mapChanged(map);
        this.#engine?.router.publicMap.changed(map);
      },
      logger,
      onStopped: onFatal,
    });
    this.#follow = follow;
    const forwarding = this.#forwarding;
    return {
      options: { effects: follow, elsewhere: forwarding, forwarding },
      commitShared: (batch) => follow.commit(batch),
    };
  }

  /** The engine is there, and has loaded what the store held. */
  connect(host: EngineHost, engine: ServerEngine): void {
    this.#host = host;
    this.#engine = engine;
    this.#routing = new OpRouting({
      name: this.#parts.nodeId,
      boot: this.#boot,
      links: this.links,
      forwarding: this.#forwarding,
      inputs: host,
      defer: (run) => setImmediate(run),
      wake: () => host.wake(),
      after: (ms, run) => void setTimeout(run, ms).unref(),
      repair: (order) => host.repair(order),
    });
    host.requests.forwarded = this.#routing.peers;
  }

  /** Becomes a member, and serves when it knows all there is. Throws NODE_NAME_TAKEN, CLUSTER_FULL, and what the store throws. */
  async join(port: number): Promise<void> {
    const follow = this.#follow;
    if (follow === undefined) return;
    const { config, nodeId, logger, onFatal } = this.#parts;
    this.links.open();
    const manager = await startCluster({
      ...{ config, nodeId, logger, onFatal, port, boot: this.#boot, engine: follow },
      onFence: (number) => this.#store?.joined(number),
    });
    if (manager === undefined) return;
    this.#manager = manager;
    this.#view = new ManagedView({
      manager,
      linked: () => this.links.up,
      faults: () => this.#faults(manager),
    });
    manager.partitions.listen(({ nodes }) => this.links.setNodes(nodes));
    await follow.caughtUp();
    await manager.serve();
  }

  /** Gives its partitions away; resolves when that is done, or after `waitMs`. */
  async drain(waitMs: number): Promise<void> {
    const late = new Promise<void>((resolve) => setTimeout(resolve, waitMs).unref());
    // A node that was stopped before has nothing to give away.
    await Promise.race([this.#manager?.drain().catch(() => undefined), late]);
  }

  /** Is no member any more; nothing is staged by now. */
  async leave(): Promise<void> {
    await this.#manager?.leave().catch(() => undefined);
    this.stop();
  }

  stop(): void {
    this.#manager?.stop();
    this.#follow?.stop();
    this.links.close();
  }

  /** Of records that any node owns; before there is an engine there are none. */
  get repairs(): RepairRouting | undefined {
    return this.#routing?.repairs;
  }

  /** What operators see of it; before it has joined a server that is alone. */
  get view(): ClusterView {
    return this.#view;
  }

  /** For metrics; undefined before it is a member for the first time. */
  figures(): ClusterFigures | undefined {
    const manager = this.#manager;
    const following = this.#engine?.cluster?.followCounts;
    if (manager === undefined || following === undefined) return undefined;
    const { state, aliveForMs, mapVersion, owned, moving, unowned, nodes } = manager.status();
    const isMember = state !== 'OUT' && state !== 'LEAVING' && state !== 'LEFT';
    const inState = (wanted: NodeInfo['state']): number =>
      nodes.filter((node) => node.state === wanted).length;
    const { size: unanswered, waiting, bytes, heldAnswers, counts } = this.#forwarding;
    const { guests = 0, handedOn = 0 } = this.#routing ?? {};
    return {
      membership: manager.counts,
      ...{ mapVersion, owned, moving, unowned },
      leaseAgeMs: isMember ? LIMITS.clusterFenceMs - aliveForMs : undefined,
      nodes: { JOINING: inState('JOINING'), ACTIVE: inState('ACTIVE'), DRAINING: inState('DRAINING') },
      forwarding: { ...counts, unanswered, waiting, bytes, heldAnswers, guests, handedOn },
      following: { ...following, looks: this.#follow?.looks ?? 0 },
    };
  }

  #faults(manager: ClusterManager): readonly ClusterFault[] {
    const faults: ClusterFault[] = [];
    // Two renewals have come to nothing.
    const isSilent = manager.status().aliveForMs < LIMITS.clusterFenceMs - 2 * LIMITS.clusterHeartbeatMs;
    if (isSilent) faults.push('DATABASE');
    if (this.#parts.isBusDown()) faults.push('REDIS');
    return faults;
  }

  /** Ops of its clients for which no owner is found at the moment (CLU-31). */
  get waitingOps(): number {
    return this.#forwarding.waiting;
  }
}
