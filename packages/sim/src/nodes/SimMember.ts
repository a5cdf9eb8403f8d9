import { TopGunError } from '@topgun/core';
import { LIMITS, PARTITION_COUNT, type ServerMessage } from '@topgun/protocol';
import type { Policy, RepairOrder, ServerEffects } from '@topgun/server/engine';
import { cursorMac, ServerEngine } from '@topgun/server/engine';
import { ClusterManager } from '@topgun/server/internal/cluster/ClusterManager';
import { FollowService } from '@topgun/server/internal/cluster/FollowService';
import { lifeOver } from '@topgun/server/internal/cluster/lifeOver';
import { OpRouting } from '@topgun/server/internal/cluster/OpRouting';
import { Forwarding } from '@topgun/server/internal/engine/cluster/Forwarding';
import { isForwarded } from '@topgun/server/internal/engine/cluster/forwardedItems';
import type { Rng } from '../rng.js';
import { joined, NodeSockets } from '../world/NodeSockets.js';
import type { Link } from '../world/SimNetwork.js';
import { CALM_FLUSH, INDEXES, type NodeWorld, type ServerNode } from '../world/SimNode.js';
import { DatabaseLine, LineLost } from './DatabaseLine.js';
import type { LinkHub } from './LinkHub.js';
import type { Asker } from './Membership.js';
import { NodeProcess } from './NodeProcess.js';
import type { SimDatabase } from './SimDatabase.js';
import { SimLinks } from './SimLinks.js';

export interface MemberWorld extends Omit<NodeWorld, 'onSend'> {
  readonly database: SimDatabase;
  readonly hub: LinkHub;
  stirred(): void;
  fail(why: string): void;
  count(what: string): void;
  /** What a member takes the time to be. */
  wallMsOf(name: string): number;
  /** As `onSend`, with who says it. */
  onSaid(
    by: SimMember,
    message: ServerMessage,
    bytes: Uint8Array,
    isAuthenticated: boolean,
    link: number,
  ): void;
  /** A life of a node has ended by its own will, or cannot go on. */
  onOver(member: SimMember): void;
}

/** Few enough that some are refused. */
const FORWARDED_OPS = 60;
/** How long a node that is stopped waits for the others, and for its own answers. */
const DRAIN_MS = 12_000;

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined };

/**
 * One life of a node: the shipped engine, and what a server of a cluster has around it, on simulated time, links and database. What stands in
 * for the composition of `ClusterNode`, and for the host of the engine with its sockets.
 */
export class SimMember implements ServerNode {
  readonly self: Asker;
  readonly process: NodeProcess;
  readonly links: SimLinks;
  readonly line: DatabaseLine;
  readonly forwarding: Forwarding;
  flush = CALM_FLUSH;
  cutsAfterCommit = false;
  /** What it goes by: one that is paused hears of a change when it wakes. */
  policies: readonly Policy[];
  /** Clients are let in. */
  isServing = false;
  readonly #world: MemberWorld;
  readonly #rng: Rng;
  readonly #sockets: NodeSockets;
  readonly #timers = new Map<string, () => void>();
  #engine: ServerEngine | undefined;
  #isConnected = false;
  #manager: ClusterManager | undefined;
  #follow: FollowService | undefined;
  #routing: OpRouting | undefined;
  #repairs = 0;
  #tickDue = false;
  #deferred: (() => void)[] = [];
  #onDrained: () => void = () => undefined;

  constructor(world: MemberWorld, name: string, rng: Rng) {
    this.#world = world;
    this.#rng = rng;
    this.self = { name, boot: rng.id(12) };
    this.policies = world.policies();
    const { self } = this;
    this.process = new NodeProcess(world, rng.fork(), () => this.#now);
    const { process } = this;
    this.links = new SimLinks({
      ...{ self, process, hub: world.hub },
      count: (what) => world.count(what),
      onError: (error) => this.#broke(error),
    });
    this.line = new DatabaseLine({
      ...{ self, process, database: world.database, scheduler: world.scheduler, rng: rng.fork() },
      wallMs: () => this.#now,
      count: (what) => world.count(what),
      onFenced: () => this.#manager?.fenceLost(),
      onStopped: (error) => this.#over(error),
      onMap: (version) => this.#manager?.hinted(version),
    });
    const { forwardedRetryMs: retryMs, forwardedBytes } = LIMITS;
    this.forwarding = new Forwarding({ ...self, forwardedOps: FORWARDED_OPS, forwardedBytes, retryMs });
    this.#sockets = new NodeSockets({
      world: {
        network: world.network,
        onReceived: (...about) => world.onReceived(...about),
        onSend: (...said) => world.onSaid(this, ...said),
      },
      input: (run) => process.enter(() => this.#input(run)),
      profileOf: (conn) => (this.#sockets.isAuthenticated(conn) ? 'client' : 'preauth'),
      sendTurn: (link, frames) => link.send('client', joined(frames)),
    });
    void this.#start().catch((error: unknown) => this.#over(error));
  }

  get engine(): ServerEngine {
    if (this.#engine === undefined) throw new Error(`${this.self.name} has no engine yet`);
    return this.#engine;
  }

  get isLoaded(): boolean {
    return this.#isConnected;
  }

  /** Its membership; undefined before it has begun to join. */
  get manager(): ClusterManager | undefined {
    return this.#manager;
  }

  accept(link: Link): void {
    this.#sockets.accept(link);
  }

  setPolicies(policies: readonly Policy[]): void {
    this.process.enter(() => {
      this.policies = policies;
      this.#input((engine, now) => engine.setPolicies(policies, now));
    });
  }

  repair(order: RepairOrder): void {
    this.process.enter(() => this.#input((engine) => engine.repairs.ask(++this.#repairs, order)));
  }

  /** As SIGKILL does: nothing is said to anybody; what is under way goes on. */
  kill(): void {
    if (!this.process.isAlive) return;
    this.isServing = false;
    this.process.kill();
    void this.line.close();
    this.#world.hub.gone(this.links);
    this.#sockets.abandon();
  }

  /** As SIGTERM does: gives its partitions away, answers what it has admitted, and leaves. */
  stop(): void {
    this.process.enter(() => void this.#stop().catch((error: unknown) => this.#over(error)));
  }

  /** An operator has it give its partitions away; it goes on serving. */
  drainByOrder(): void {
    this.process.enter(() => {
      void this.#manager?.order(this.self.name, this.self.boot).catch(() => undefined);
    });
  }

  async #start(): Promise<void> {
    const { self, process, links, line, forwarding } = this;
    const world = this.#world;
    const boot = await line.open();
    const follow = new FollowService({
      ...{ name: self.name, store: line, links, incarnation: boot.incarnation, time: process },
      input: (run) => {
        if (this.#isConnected) this.#input((engine) => engine.cluster && run(engine.cluster));
      },
      onMap: (map) => {
        this.#routing?.mapChanged(map);
        this.#engine?.router.publicMap.changed(map);
      },
      // Only what is written down of it is of use.
      logger: SILENT as never,
      onStopped: (error) => this.#over(error),
    });
    this.#follow = follow;
    const engine = new ServerEngine(
      {
        ...{ nodeId: self.name, boot, policies: this.policies, resolvers: world.resolvers() },
        indexesOf: () => INDEXES,
        random: () => this.#rng.u32(),
        mac: { ...cursorMac, newKey: () => Uint8Array.from({ length: 32 }, () => this.#rng.int(0, 255)) },
        ...{ now: this.#now, limits: world.serverLimits },
        cluster: { effects: follow, elsewhere: forwarding, forwarding },
      },
      this.#effects(follow),
    );
    this.#engine = engine;
    for (let pid = 0; pid < PARTITION_COUNT; pid++)
      await line.scan(pid, (record) => engine.load([record], []));
    this.#routing = new OpRouting({
      ...{ name: self.name, boot: self.boot, links, forwarding },
      inputs: {
        opened: (conn, remote) => this.#input((to, now) => to.opened(conn, { remote }, now)),
        message: (conn, message) => this.#input((to, now) => to.message(conn, message, now, 0)),
        closed: (conn, hasLeft) => this.#input((to, now) => to.closed(conn, now, hasLeft)),
      },
      defer: (run) => {
        this.#deferred.push(run);
        this.#tick();
      },
      wake: () => this.#input(() => undefined),
      after: (ms, run) => void process.after(ms, run),
      repair: () => Promise.reject(new Error('Nobody asks for a repair in a simulated cluster.')),
    });
    this.#isConnected = true;
    this.#input(() => undefined);
    links.open();
    const manager = new ClusterManager({
      ...{ name: self.name, boot: self.boot, database: line, engine: follow, time: process },
      logger: {
        ...SILENT,
        // The one thing that it warns of.
        warn: () => world.count('sometimes node fenced itself'),
      },
      onJoined: (fence) => line.joined(fence),
      onFatal: (error) => this.#over(error),
    });
    this.#manager = manager;
    await manager.join();
    manager.partitions.listen(({ nodes }) => links.setNodes(nodes));
    await follow.caughtUp();
    await manager.serve();
    this.isServing = true;
  }

  async #stop(): Promise<void> {
    const late = new Promise<void>((resolve) => void this.process.after(DRAIN_MS, resolve));
    await Promise.race([this.#manager?.drain().catch(() => undefined), late]);
    this.isServing = false;
    const drained = new Promise<void>((resolve) => {
      this.#onDrained = resolve;
    });
    this.#input((engine, now) => engine.drain(now));
    await Promise.race([this.#isConnected ? drained : undefined, late]);
    await this.#manager?.leave().catch(() => undefined);
    this.#manager?.stop();
    this.#follow?.stop();
    this.links.close();
    this.kill();
    this.#world.onOver(this);
  }

  get #now(): number {
    return this.#world.wallMsOf(this.self.name);
  }

  /** The node cannot go on: whoever runs it starts it again. What is no error of the server is one of the run. */
  #over(error: unknown): void {
    if (!this.process.isAlive) return;
    if (error instanceof LineLost) this.#world.count('node did not start: no database');
    else if (error instanceof TopGunError) this.#world.count(`node ended itself: ${error.code}`);
    else this.#broke(error);
    this.#manager?.stop();
    this.#follow?.stop();
    this.kill();
    this.#world.onOver(this);
  }

  #broke(error: unknown): void {
    this.#world.fail(`${this.self.name}: ${error instanceof Error ? error.stack : String(error)}`);
  }

  #input(run: (engine: ServerEngine, now: number) => void): void {
    const engine = this.#engine;
    if (engine === undefined || !this.process.isAlive) return;
    try {
      run(engine, this.#now);
    } catch (error) {
      return this.#broke(error);
    }
    this.#tick();
  }

  #tick(): void {
    if (this.#tickDue) return;
    this.#tickDue = true;
    this.process.after(this.#rng.int(0, 1), () => {
      this.#tickDue = false;
      const engine = this.#engine;
      if (engine === undefined) return;
      try {
        engine.tick(this.#now);
        this.#world.onTurned();
        this.#sockets.flush();
        // What was put off runs when the engine has returned.
        const deferred = this.#deferred;
        this.#deferred = [];
        for (const each of deferred) each();
      } catch (error) {
        this.#broke(error);
      }
    });
  }

  #send(conn: number, message: ServerMessage): void {
    if (!isForwarded(conn)) this.#sockets.send(conn, message);
    else this.#routing?.peers.heard(conn, message);
  }

  #effects(follow: FollowService): ServerEffects {
    const { process, line } = this;
    const later = (delayMs: number, run: (engine: ServerEngine, now: number) => void): (() => void) =>
      process.after(delayMs, () => this.#input(run));
    const failed = (error: unknown): void => this.#over(error);
    return {
      send: (conn, message) => this.#send(conn, message),
      sendShared: (conns, message) => this.#sockets.sendShared(conns, message),
      close: (conn, code) => {
        // The codes of closed connections are those of the protocol.
        if (isForwarded(conn)) this.#routing?.peers.closed(conn, code as 1000);
        else this.#sockets.close(conn, code);
      },
      verify: (conn, token) =>
        later(this.#rng.int(0, 3), (engine, now) =>
          engine.verified(conn, this.#routing?.peers.verdictOf(conn) ?? this.#world.verify(token), now),
        ),
      commit: (id, batch) =>
        void follow
          .commit(batch)
          .then(
            ({ result, revision }) =>
              this.#input((engine, now) => engine.committed(id, result, now, revision)),
            failed,
          ),
      readDedup: (id, names) =>
        void Promise.all(
          names.map(({ pid, clientId, session }) => line.readDedup(pid, clientId, session)),
        ).then((states) => this.#input((engine, now) => engine.dedupRead(id, states, now)), failed),
      renew: () => void line.renew().then(() => this.#over(lifeOver()), failed),
      arm: (timer, delayMs) => {
        this.#timers.get(timer)?.();
        const off = later(delayMs, (engine, now) => {
          if (this.#timers.get(timer) === off) this.#timers.delete(timer);
          engine.timer(timer, now);
        });
        this.#timers.set(timer, off);
      },
      cancel: (timer) => {
        this.#timers.get(timer)?.();
        this.#timers.delete(timer);
      },
      drained: () => void process.after(0, () => this.#onDrained()),
    };
  }
}
