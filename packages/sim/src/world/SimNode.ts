import type {
  CommitBatch,
  CommitResult,
  EngineLimits,
  Policy,
  Principal,
  RepairOrder,
  Resolvers,
  ServerEffects,
} from '@topgun/server/engine';
import { cursorMac, ServerEngine } from '@topgun/server/engine';
import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import { joined, NodeSockets, type SocketWorld } from './NodeSockets.js';
import type { Link } from './SimNetwork.js';
import type { SimStore } from './SimStore.js';

/** How the disk of the server behaves at the moment. */
export interface FlushFaults {
  readonly delayMsMax: number;
  readonly failP: number;
  readonly unknownP: number;
}

export const CALM_FLUSH: FlushFaults = { delayMsMax: 4, failP: 0, unknownP: 0 };

/** What a token says. */
export type Verified = { readonly principal: Principal } | { readonly error: 'AUTH_FAILED' };

export interface NodeWorld extends SocketWorld {
  readonly scheduler: Scheduler;
  readonly store: SimStore;
  readonly serverLimits: Partial<EngineLimits>;
  trueWallMs(): number;
  policies(): readonly Policy[];
  resolvers(): Resolvers;
  /** Whether the server keeps a map in memory alone. */
  isVolatile(map: string): boolean;
  verify(token: string | undefined): Verified;
  /** Sees every commit, and the end of every turn: where the checkers listen. */
  onApplied(batch: CommitBatch): void;
  onTurned(): void;
}

/** A server as what strikes it and what looks at it know it. */
export interface ServerNode {
  readonly engine: ServerEngine;
  flush: FlushFaults;
  /** After the next commit, and before any answer to it leaves, every socket breaks. */
  cutsAfterCommit: boolean;
  setPolicies(policies: readonly Policy[]): void;
  /** An operator asks for a repair; what becomes of it shows on the disk. */
  repair(order: RepairOrder): void;
}

/** On the field that queries and policies of the simulator ask for: no result may depend on it (QRY-7). */
export const INDEXES = [{ kind: 'ordered', path: 'rank' }] as const;

/** One life of the server process: the shipped engine between a faulty disk and a faulty network. A crash ends the life. */
export class SimNode implements ServerNode {
  readonly engine: ServerEngine;
  alive = true;
  flush: FlushFaults = CALM_FLUSH;
  cutsAfterCommit = false;
  readonly #world: NodeWorld;
  readonly #rng: Rng;
  readonly #sockets: NodeSockets;
  readonly #timers = new Map<string, number>();
  #timerSeq = 0;
  #repairs = 0;
  #tickDue = false;
  #underWay: CommitBatch | undefined;

  constructor(world: NodeWorld, rng: Rng) {
    this.#world = world;
    this.#rng = rng;
    this.#sockets = new NodeSockets({
      world,
      input: (run) => this.#input(run),
      profileOf: (conn) => this.profileOf(conn),
      sendTurn: (link, frames) => this.sendTurn(link, frames),
    });
    this.engine = new ServerEngine(
      {
        nodeId: 'node-1',
        boot: world.store.boot(),
        policies: world.policies(),
        resolvers: world.resolvers(),
        isVolatile: (map) => world.isVolatile(map),
        indexesOf: () => INDEXES,
        random: () => rng.u32(),
        mac: { ...cursorMac, newKey: () => Uint8Array.from({ length: 32 }, () => rng.int(0, 255)) },
        now: world.trueWallMs(),
        limits: world.serverLimits,
      },
      this.#effects(),
    );
    this.engine.load([...world.store.records.values()], world.store.dedupRows());
  }

  get #now(): number {
    return this.#world.trueWallMs();
  }

  accept(link: Link): void {
    this.#sockets.accept(link);
  }

  /** The wire profile of a socket: strict until it has authenticated. */
  profileOf(conn: number): 'client' | 'preauth' {
    return this.#sockets.isAuthenticated(conn) ? 'client' : 'preauth';
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#input((engine, now) => engine.setPolicies(policies, now));
  }

  repair(order: RepairOrder): void {
    this.#input((engine) => engine.repairs.ask(++this.#repairs, order));
  }

  /** The process dies; what was being flushed is on disk or not. */
  crash(): void {
    this.alive = false;
    if (this.#underWay !== undefined && this.#rng.chance(0.5)) {
      this.#world.network.count('sometimes crash after commit, before answer');
      this.#apply(this.#underWay);
    }
    this.#underWay = undefined;
    this.#sockets.abandon();
  }

  #cut(): void {
    this.cutsAfterCommit = false;
    this.#world.network.count('cut after commit');
    this.#sockets.reset();
  }

  #input(run: (engine: ServerEngine, now: number) => void): void {
    if (!this.alive) return;
    run(this.engine, this.#now);
    this.#tick();
  }

  #tick(): void {
    if (this.#tickDue) return;
    this.#tickDue = true;
    this.#world.scheduler.after(this.#rng.int(0, 1), () => {
      this.#tickDue = false;
      if (!this.alive) return;
      this.engine.tick(this.#now);
      this.#world.onTurned();
      this.#sockets.flush();
    });
  }

  sendTurn(link: Link, frames: readonly Uint8Array[]): void {
    link.send('client', joined(frames));
  }

  #apply(batch: CommitBatch): void {
    this.#world.store.apply(batch);
    this.#world.onApplied(batch);
  }

  #commit(id: number, batch: CommitBatch): void {
    this.#underWay = batch;
    const { network, scheduler } = this.#world;
    scheduler.after(this.#rng.int(0, this.flush.delayMsMax), () => {
      if (!this.alive) return;
      this.#underWay = undefined;
      let result: CommitResult = 'committed';
      if (this.#rng.chance(this.flush.failP)) result = 'failed';
      else if (this.#rng.chance(this.flush.unknownP)) result = 'unknown';
      if (result !== 'committed')
        network.count(`sometimes ${result === 'failed' ? 'flush failed' : 'commit unknown'}`);
      if (result === 'unknown' && this.#rng.chance(0.5)) {
        network.count('sometimes commit unknown that was stored');
        this.#apply(batch);
      }
      if (result === 'committed') this.#apply(batch);
      if (result === 'committed' && this.cutsAfterCommit) this.#cut();
      this.engine.committed(id, result, this.#now);
      this.#tick();
    });
  }

  #effects(): ServerEffects {
    const { scheduler, store } = this.#world;
    const later = (delayMs: number, run: () => void): void =>
      scheduler.after(delayMs, () => {
        if (!this.alive) return;
        run();
        this.#tick();
      });
    return {
      send: (conn, message) => this.#sockets.send(conn, message),
      sendShared: (conns, message) => this.#sockets.sendShared(conns, message),
      close: (conn, code) => this.#sockets.close(conn, code),
      verify: (conn, token) =>
        later(this.#rng.int(0, 3), () => this.engine.verified(conn, this.#world.verify(token), this.#now)),
      commit: (id, batch) => this.#commit(id, batch),
      readDedup: (id, rows) =>
        later(this.#rng.int(0, 3), () =>
          this.engine.dedupRead(
            id,
            rows.map((row) => store.readDedup(row.pid, row.clientId, row.session)),
            this.#now,
          ),
        ),
      renew: () => later(this.#rng.int(0, 3), () => this.engine.renewed(store.renew(this.#now), this.#now)),
      arm: (timer, delayMs) => {
        const token = ++this.#timerSeq;
        this.#timers.set(timer, token);
        later(delayMs, () => {
          if (this.#timers.get(timer) !== token) return;
          this.#timers.delete(timer);
          this.engine.timer(timer, this.#now);
        });
      },
      repaired: (_, result) => {
        if ('repair' in result) this.#world.network.count('sometimes record from the future repaired');
      },
      cancel: (timer) => {
        this.#timers.delete(timer);
      },
    };
  }
}
