import { PARTITION_COUNT } from '@topgun/core';
import { type ClientMessage, PROTOCOL_VERSION, type ServerMessage } from '@topgun/protocol';
import type { CommitBatch, EngineLimits, Policy } from '@topgun/server/engine';
import { OWNERSHIP_BOUNDS } from '@topgun/server/internal/cluster/ClusterManager';
import { Rng } from '../rng.js';
import { World } from '../World.js';
import type { SimDevice } from '../world/SimDevice.js';
import type { DeviceWeather, Link } from '../world/SimNetwork.js';
import type { ServerNode } from '../world/SimNode.js';
import type { SimRealm } from '../world/SimRealm.js';
import { LinkHub } from './LinkHub.js';
import type { Asker } from './Membership.js';
import { SimCluster } from './SimCluster.js';
import { CALM_DATABASE, SimDatabase } from './SimDatabase.js';
import type { MemberWorld, SimMember } from './SimMember.js';

/** Without links and database a node serves with what it knows after this time (CLU-60). */
export const PATIENCE_MS = 2_900;
/** A device that is connected to a node that knows all shows it after this time. */
const CATCH_UP_MS = 3_000;

/** What one may look at while a cluster runs, beside what a `Watch` sees. Watching must change nothing. */
export interface ClusterWatch {
  /** A commit of a node counts, and is applied next. */
  counted?(by: Asker, batch: CommitBatch): void;
  /** A client has sent its first token. */
  entering?(conn: number): void;
  /** A node says something to one of its own clients. */
  said?(by: SimMember, message: ServerMessage, conn: number): void;
  /** Every 500 virtual ms. */
  look?(): void;
}

/** The world with a cluster in the place of its server. */
export class ClusterWorld extends World implements MemberWorld {
  readonly database: SimDatabase;
  readonly hub: LinkHub;
  readonly cluster: SimCluster;
  readonly clusterWatches: ClusterWatch[] = [];
  /** faults have stopped for good */
  isHealed = false;
  /** who is sending something */
  #speaker: SimMember | undefined;
  #isStirred = false;
  /** by link: when its client came, and whose weather it is in */
  readonly #came = new Map<number, number>();
  readonly #weatherOf = new Map<number, DeviceWeather>();
  /** until when devices may show what is over */
  readonly #lagging = new Map<DeviceWeather, number>();

  constructor(seed: number, nodes: number, serverLimits: Partial<EngineLimits> = {}) {
    super(seed, serverLimits);
    const { scheduler } = this;
    this.hub = new LinkHub({
      scheduler,
      rng: Rng.of(seed, 'hub'),
      note: (from, to, frame) => this.trace.note(scheduler.nowMs, from, to, frame),
    });
    this.database = new SimDatabase({
      scheduler,
      rows: this.store,
      rng: Rng.of(seed, 'database'),
      bounds: OWNERSHIP_BOUNDS,
      protocol: PROTOCOL_VERSION,
      count: (what) => this.count(what),
      counted: (by, batch) => {
        for (const watch of this.clusterWatches) watch.counted?.(by, batch);
      },
      applied: (batch) => this.onApplied(batch),
    });
    this.cluster = new SimCluster(this, nodes, Rng.of(seed, 'cluster'));
  }

  /** Whoever serves, or is loaded at least. */
  override get node(): ServerNode | undefined {
    return this.cluster.serving[0] ?? this.cluster.members.find(({ isLoaded }) => isLoaded);
  }

  override isVolatile(): boolean {
    return false;
  }

  override setPolicies(policies: readonly Policy[]): void {
    super.setPolicies(policies);
    for (const member of this.cluster.members) if (member !== this.node) member.setPolicies(policies);
  }

  override startNode(): void {
    for (const place of this.cluster.places) this.cluster.start(place);
  }

  override crashNode(): void {
    for (const place of this.cluster.places) this.cluster.kill(place);
  }

  override accept(link: Link): boolean {
    this.#weatherOf.set(link.id, link.weather);
    return this.cluster.accept(link);
  }

  override mayLag(of: SimDevice<SimRealm> | number): boolean {
    const weather = typeof of === 'number' ? this.#weatherOf.get(of) : of.weather;
    return weather !== undefined && (this.#lagging.get(weather) ?? 0) > this.scheduler.nowMs;
  }

  override heal(): void {
    super.heal();
    this.database.faults = CALM_DATABASE;
    this.hub.heal();
    this.startNode();
    this.isHealed = true;
  }

  wallMsOf(name: string): number {
    return this.trueWallMs() + this.cluster.place(name).skewMs;
  }

  override onReceived(
    message: ClientMessage,
    bytes: Uint8Array,
    isAuthenticated: boolean,
    link: number,
  ): void {
    super.onReceived(message, bytes, isAuthenticated, link);
    if (message.type !== 'AUTH' || isAuthenticated) return;
    if (!this.#came.has(link)) this.#came.set(link, this.scheduler.nowMs);
    for (const watch of this.clusterWatches) watch.entering?.(link);
  }

  override policiesOfSender(): readonly Policy[] {
    return this.#speaker?.policies ?? this.policies();
  }

  onSaid(
    by: SimMember,
    message: ServerMessage,
    bytes: Uint8Array,
    isAuthenticated: boolean,
    conn: number,
  ): void {
    this.#speaker = by;
    this.onSend(message, bytes, isAuthenticated, conn);
    this.#speaker = undefined;
    if (message.type === 'AUTH_ACK') this.#letIn(conn);
    for (const watch of this.clusterWatches) watch.said?.(by, message, conn);
  }

  /** After three seconds a node lets a client in whatever it knows (CLU-23); with the next one that device catches up. */
  #letIn(conn: number): void {
    const { nowMs } = this.scheduler;
    const weather = this.#weatherOf.get(conn);
    const sinceMs = this.#came.get(conn);
    this.#came.delete(conn);
    if (weather === undefined || sinceMs === undefined) return;
    if (nowMs - sinceMs > PATIENCE_MS) {
      this.count('sometimes client let in by a node that may lack something');
      this.#lagging.set(weather, Number.POSITIVE_INFINITY);
    } else if (this.#lagging.has(weather)) this.#lagging.set(weather, nowMs + CATCH_UP_MS);
  }

  onOver(member: SimMember): void {
    this.cluster.over(member);
  }

  stirred(): void {
    this.#isStirred = true;
  }

  override takeStirred(): boolean {
    const was = this.#isStirred;
    this.#isStirred = false;
    return was;
  }

  /** What keeps the cluster from being at rest: CLU-18 at last, and everybody knows everything. */
  override troubles(): readonly string[] {
    const troubles: string[] = [];
    const { places, members } = this.cluster;
    for (const { name, member } of places) {
      if (member?.isServing !== true) troubles.push(`C8: ${name} does not serve`);
      else if (member.links.up.size < members.length - 1) troubles.push(`CLU-40: ${name} lacks a link`);
    }
    const counts = members.map(
      ({ manager }) => pids.filter((pid) => manager?.partitions.owns(pid) === true).length,
    );
    const owned = counts.reduce((sum, count) => sum + count, 0);
    if (owned !== PARTITION_COUNT) troubles.push(`CLU-18: ${owned} partitions take ops in`);
    else if (Math.max(...counts) - Math.min(...counts) > 1)
      troubles.push(`CLU-11: the nodes own ${counts.join(', ')}`);
    for (const { self, isLoaded, forwarding, engine } of members.filter((member) => member.isLoaded)) {
      if (!isLoaded) continue;
      const { staged, parked } = engine.stats();
      if (staged + parked > 0) troubles.push(`C8: ${self.name} holds ${staged} staged, ${parked} parked ops`);
      if (forwarding.waiting > 0) troubles.push(`CLU-31: ${forwarding.waiting} ops wait at ${self.name}`);
      if (engine.cluster?.isBehind === true) troubles.push(`CLU-21: ${self.name} lacks something`);
    }
    return troubles;
  }
}

const pids = Array.from({ length: PARTITION_COUNT }, (_, pid) => pid);
