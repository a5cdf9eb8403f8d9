import type { ClientMessage, ServerMessage } from '@topgun/protocol';
import { decode, encode } from '@topgun/protocol';
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
import type { Link, SimNetwork } from './SimNetwork.js';
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

export interface NodeWorld {
  readonly scheduler: Scheduler;
  readonly network: SimNetwork;
  readonly store: SimStore;
  readonly serverLimits: Partial<EngineLimits>;
  trueWallMs(): number;
  policies(): readonly Policy[];
  resolvers(): Resolvers;
  /** Whether the server keeps a map in memory alone. */
  isVolatile(map: string): boolean;
  verify(token: string | undefined): Verified;
  /** Sees every commit, every message that came in, every message before it leaves, and the end of every turn: where the checkers listen. */
  onApplied(batch: CommitBatch): void;
  onTurned(): void;
  onReceived(message: ClientMessage, bytes: Uint8Array, isAuthenticated: boolean, link: number): void;
  onSend(message: ServerMessage, bytes: Uint8Array, isAuthenticated: boolean, link: number): void;
}

/** Frames of one turn for one socket. */
interface Turn {
  /** Answers to ops that go ahead of all else. */
  readonly answers: Uint8Array[];
  readonly others: Uint8Array[];
}

/** On the field that queries and policies of the simulator ask for: no result may depend on it (QRY-7). */
const INDEXES = [{ kind: 'ordered', path: 'rank' }] as const;

/** One life of the server process: the shipped engine between a faulty disk and a faulty network. A crash ends the life. */
export class SimNode {
  readonly engine: ServerEngine;
  alive = true;
  flush: FlushFaults = CALM_FLUSH;
  /** After the next commit, and before any answer to it leaves, every socket breaks. */
  cutsAfterCommit = false;
  readonly #world: NodeWorld;
  readonly #rng: Rng;
  readonly #links = new Map<number, Link>();
  readonly #authenticated = new Set<number>();
  /** Frames of this turn, by socket. */
  readonly #turns = new Map<number, Turn>();
  readonly #timers = new Map<string, number>();
  #timerSeq = 0;
  #repairs = 0;
  #tickDue = false;
  #underWay: CommitBatch | undefined;

  constructor(world: NodeWorld, rng: Rng) {
    this.#world = world;
    this.#rng = rng;
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
    this.#links.set(link.id, link);
    link.attach('server', {
      frame: (bytes) => {
        if (!this.alive || !this.#links.has(link.id)) return;
        const decoded = decode(bytes, this.profileOf(link.id));
        if (decoded.ok) {
          const message = decoded.message as ClientMessage;
          this.#world.onReceived(message, bytes, this.#authenticated.has(link.id), link.id);
          this.engine.message(link.id, message, this.#now);
        } else this.engine.refused(link.id, decoded.code, decoded.path, this.#now);
        this.#tick();
      },
      closed: () => this.#gone(link.id),
    });
    this.engine.opened(link.id, { remote: `link-${link.id}` }, this.#now);
    this.#tick();
  }

  /** The wire profile of a socket: strict until it has authenticated. */
  profileOf(conn: number): 'client' | 'preauth' {
    return this.#authenticated.has(conn) ? 'client' : 'preauth';
  }

  setPolicies(policies: readonly Policy[]): void {
    this.engine.setPolicies(policies, this.#now);
    this.#tick();
  }

  /** An operator asks for a repair; what becomes of it shows on the disk. */
  repair(order: RepairOrder): void {
    this.engine.repairs.ask(++this.#repairs, order);
    this.#tick();
  }

  /** The process dies; what was being flushed is on disk or not. */
  crash(): void {
    this.alive = false;
    if (this.#underWay !== undefined && this.#rng.chance(0.5)) {
      this.#world.network.count('sometimes crash after commit, before answer');
      this.#apply(this.#underWay);
    }
    this.#underWay = undefined;
    for (const link of [...this.#links.values()]) link.abandon('server');
    this.#links.clear();
  }

  #cut(): void {
    this.cutsAfterCommit = false;
    this.#world.network.count('cut after commit');
    for (const link of [...this.#links.values()]) link.reset();
  }

  #gone(conn: number): void {
    if (!this.alive || !this.#links.delete(conn)) return;
    this.#authenticated.delete(conn);
    this.engine.closed(conn, this.#now);
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
      for (const conn of [...this.#turns.keys()]) this.#flush(conn);
    });
  }

  #send(conn: number, message: ServerMessage, bytes: Uint8Array): void {
    const link = this.#links.get(conn);
    if (link === undefined) return;
    if (message.type === 'AUTH_ACK') this.#authenticated.add(conn);
    this.#world.onSend(message, bytes, this.#authenticated.has(conn), conn);
    const turn = this.#turns.get(conn) ?? { answers: [], others: [] };
    this.#turns.set(conn, turn);
    const takesOtherWay = message.type === 'OP_ACK' && this.#world.network.faults.changesLateMs > 0;
    // The encoder uses its buffer again.
    (takesOtherWay ? turn.answers : turn.others).push(bytes.slice());
  }

  /** What was sent to a socket in a turn leaves as one message (RES-6). */
  #flush(conn: number): void {
    const turn = this.#turns.get(conn);
    this.#turns.delete(conn);
    const link = this.#links.get(conn);
    if (turn === undefined || link === undefined) return;
    if (turn.answers.length > 0) link.sendAhead(joined(turn.answers));
    if (turn.others.length > 0) this.sendTurn(link, turn.others);
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
      send: (conn, message) => this.#send(conn, message, encode(message)),
      sendShared: (conns, message) => {
        const bytes = encode(message);
        for (const conn of conns) this.#send(conn, message, bytes);
      },
      close: (conn, code) => {
        this.#flush(conn);
        const link = this.#links.get(conn);
        this.#links.delete(conn);
        this.#authenticated.delete(conn);
        link?.close('server', code);
      },
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

function joined(frames: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(frames.reduce((bytes, { length }) => bytes + length, 0));
  let at = 0;
  for (const frame of frames) {
    all.set(frame, at);
    at += frame.length;
  }
  return all;
}
