import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import { CLUSTER_LIMITS, type NodeState } from '@topgun/protocol/cluster';
import { ConnectionListeners } from '../connection/ConnectionListeners.js';
import type { ConnectionEvents, IConnectionProvider } from '../connection/IConnectionProvider.js';
import { SingleServerProvider } from '../connection/SingleServerProvider.js';
import type { Unsubscribe } from '../utils/Listeners.js';
import { platformClock, platformRandom } from '../utils/platform.js';
import { Timers } from '../utils/Timers.js';
import { clusterError } from './clusterErrors.js';
import { type ClusterEffects, ClusterMachine } from './engine/ClusterMachine.js';
import { type ClusterOptions, checkClusterOptions } from './options.js';

/** A node as a client sees it. */
export interface NodeHealth {
  readonly url: string;
  /** Undefined for a seed that the map does not name, such as a balancer. */
  readonly name: string | undefined;
  /** What the cluster says of it; `UNKNOWN` when it says nothing. */
  readonly state: NodeState | 'UNKNOWN';
  /** `OPEN`: it failed five times in a row and is left alone for 30 s. `HALF_OPEN`: one attempt is due. */
  readonly circuit: 'CLOSED' | 'OPEN' | 'HALF_OPEN';
  /** in a row */
  readonly failures: number;
  /** how many partitions it owns */
  readonly partitions: number;
  readonly isConnected: boolean;
}

export interface ClusterHealth {
  /** A node has taken this client in, and every partition has an owner. */
  readonly isHealthy: boolean;
  readonly isConnected: boolean;
  /** Name of the node that this client is at, if it is connected and the node has told. */
  readonly node: string | undefined;
  /** 0 as long as no map has come; it stays 0 at a server that is no cluster. */
  readonly mapVersion: number;
  /** Their writes wait until one is found. */
  readonly partitionsWithoutOwner: number;
  /** How often this client has left a working connection for another node. */
  readonly moves: number;
  readonly nodes: readonly NodeHealth[];
}

interface Waiting {
  readonly resolve: (version: number) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The way to a cluster, for the option `connectionProvider`. One connection to one node at a time, which serves everything; another node is
 * taken at once when that one fails, drains or goes. In a browser only the tab that holds the connection of its store knows anything here.
 */
export class ClusterProvider implements IConnectionProvider {
  readonly hasServer = true;
  readonly #machine: ClusterMachine;
  readonly #listeners = new ConnectionListeners();
  readonly #timers = new Timers();
  readonly #webSocket: ClusterOptions['webSocket'];
  readonly #asked = new Map<number, Waiting>();
  #socket: SingleServerProvider | undefined;
  /** Grows with each call of `connect`: what an earlier one led to is told to nobody. */
  #attempt = 0;

  constructor(options: ClusterOptions) {
    checkClusterOptions(options);
    const { seeds, connectTimeoutMs = CLUSTER_LIMITS.nodeConnectMs, smartRouting = false } = options;
    this.#webSocket = options.webSocket;
    const { monoMs } = platformClock;
    this.#machine = new ClusterMachine(
      { seeds, connectTimeoutMs, smartRouting, monoMs, random: platformRandom },
      this.#effects(),
    );
  }

  /** How the cluster looks from here. */
  getClusterHealth(): ClusterHealth {
    const { book, isUp, isMapped, way: at, moves } = this.#machine;
    const nowMs = platformClock.monoMs();
    const owners = book.map?.owners ?? [];
    const nodes = [...book.ways()].map(
      (way): NodeHealth => ({
        url: way.url,
        name: way.name,
        state: way.state,
        circuit: way.circuit.stateAt(nowMs),
        failures: way.circuit.failures,
        partitions: way.owner === 0 ? 0 : owners.filter((owner) => owner === way.owner).length,
        isConnected: isUp && way === at,
      }),
    );
    const partitionsWithoutOwner = owners.filter((owner) => owner === 0).length;
    return {
      isHealthy: isUp && owners.length > 0 && partitionsWithoutOwner === 0,
      isConnected: isUp,
      node: isMapped ? book.map?.self : undefined,
      mapVersion: this.getPartitionMapVersion(),
      partitionsWithoutOwner,
      moves,
      nodes,
    };
  }

  /** Addresses of the nodes this client is connected to: one, or none. */
  getConnectedNodes(): readonly string[] {
    const { isUp, way } = this.#machine;
    return isUp && way ? [way.url] : [];
  }

  /** Of the last map that came; 0 before the first, and at a server that is no cluster. */
  getPartitionMapVersion(): number {
    return this.#machine.book.map?.version ?? 0;
  }

  /**
   * Asks the node for the map and resolves with its version. There is no need to: newer maps come by themselves. Rejects with
   * `CLUSTER_UNREACHABLE` without a connection, at a server that knows no maps, when the connection ends, and after 10 s.
   */
  refreshPartitionMap(): Promise<number> {
    const req = this.#machine.ask();
    if (req === undefined)
      return Promise.reject(clusterError('CLUSTER_UNREACHABLE', 'No node is connected that knows a map.'));
    return new Promise((resolve, reject) => {
      this.#asked.set(req, { resolve, reject });
      this.#timers.arm(`map ${req}`, CLUSTER_LIMITS.mapAnswerMs, () => this.#giveUp('no answer in time'));
    });
  }

  // ── what the client asks for ──

  connect(): void {
    this.#attempt++;
    this.#machine.connect();
  }

  send(frame: Uint8Array): void {
    this.#machine.send(frame);
  }

  isConnected(): boolean {
    return this.#socket?.isConnected() === true;
  }

  on<E extends keyof ConnectionEvents>(
    event: E,
    callback: (value: ConnectionEvents[E]) => void,
  ): Unsubscribe {
    return this.#listeners.on(event, callback);
  }

  close(code: number = CLOSE_CODE.NORMAL): void {
    this.#machine.close(code);
  }

  // ── what the machine has done ──

  #effects(): ClusterEffects {
    return {
      open: (url) => this.#open(url),
      drop: (code) => {
        this.#socket?.close(code);
        this.#socket = undefined;
      },
      send: (frame) => this.#socket?.send(frame),
      arm: (timer, delayMs) => this.#timers.arm(timer, delayMs, () => this.#machine.timer(timer)),
      cancel: (timer) => this.#timers.cancel(timer),
      connected: () => this.#listeners.emit('connected', undefined),
      message: (turn) => this.#listeners.emit('message', turn),
      disconnected: (end) => this.#disconnected(end),
      mapCame: ({ req, version }) => {
        if (req === undefined) return;
        this.#timers.cancel(`map ${req}`);
        this.#asked.get(req)?.resolve(version);
        this.#asked.delete(req);
      },
    };
  }

  #open(url: string): void {
    const socket = new SingleServerProvider({ url, webSocket: this.#webSocket });
    this.#socket = socket;
    const isCurrent = (): boolean => this.#socket === socket;
    socket.on('connected', () => isCurrent() && this.#machine.opened());
    socket.on('message', (turn) => isCurrent() && this.#machine.message(turn));
    socket.on('disconnected', ({ code, reason }) => {
      if (!isCurrent()) return;
      this.#socket = undefined;
      this.#machine.closed(code, reason);
    });
    socket.connect();
  }

  /** Told after the call that caused it has returned, and not at all where a new attempt has begun. */
  #disconnected(end: ConnectionEvents['disconnected']): void {
    const attempt = this.#attempt;
    this.#giveUp(end.reason);
    queueMicrotask(() => {
      if (attempt === this.#attempt) this.#listeners.emit('disconnected', end);
    });
  }

  /** Nobody answers what was asked. */
  #giveUp(why: string): void {
    for (const [req, { reject }] of this.#asked) {
      this.#timers.cancel(`map ${req}`);
      reject(clusterError('CLUSTER_UNREACHABLE', `The map was not told: ${why}.`));
    }
    this.#asked.clear();
  }
}
