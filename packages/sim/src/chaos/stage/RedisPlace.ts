import { randomBytes } from 'node:crypto';
import type { RedisProcess } from '@topgun/server/internal/local/redisProcesses';
import { type RedisTopology, startCluster, startSingle } from '@topgun/server/internal/local/redisTopologies';
import type { FaultNet } from '../net/FaultNet.js';

export const REDIS = 'redis';

/** A real Redis that keeps what it has taken in when it is killed, and that is reached through the net alone. */
export class RedisPlace {
  readonly #topology: RedisTopology;
  readonly #word: string;
  /** of the ways to each of its nodes */
  readonly #ports: ReadonlyMap<RedisProcess, number>;

  private constructor(topology: RedisTopology, word: string, ports: ReadonlyMap<RedisProcess, number>) {
    this.#topology = topology;
    this.#word = word;
    this.#ports = ports;
  }

  static async open(
    kind: 'single' | 'cluster',
    net: FaultNet,
    names: readonly string[],
  ): Promise<RedisPlace> {
    const word = randomBytes(18).toString('hex');
    const settings = [
      'appendonly yes',
      'appendfsync always',
      // Who comes says its name first.
      ...names.map((name) => `user ${name} on >${word} ~* &* +@all`),
    ];
    const topology = await (kind === 'single' ? startSingle(settings) : startCluster(settings));
    const ports = new Map<RedisProcess, number>();
    for (const node of topology.nodes) ports.set(node, await net.open(REDIS, node.port, names));
    const place = new RedisPlace(topology, word, ports);
    if (kind === 'cluster') for (const node of topology.nodes) await place.#announce(node);
    return place;
  }

  /** Settings with which a node finds it. */
  envOf(name: string): Readonly<Record<string, string>> {
    const { redisCluster } = this.#topology.config;
    const ports = [...this.#ports.values()].slice(0, redisCluster ? 2 : 1);
    return {
      TOPGUN_REDIS_URL: ports.map((port) => `redis://${name}:${this.#word}@127.0.0.1:${port}`).join(),
      TOPGUN_REDIS_CLUSTER: String(redisCluster),
    };
  }

  get isCluster(): boolean {
    return this.#topology.config.redisCluster;
  }

  /** Those that take writes now, the paused ones left out. */
  masters(): Promise<RedisProcess[]> {
    return this.#topology.masters();
  }

  /** Starts one again that was killed. */
  async start(node: RedisProcess): Promise<void> {
    await node.start();
    if (this.isCluster) await this.#announce(node);
  }

  settled(): Promise<void> {
    return this.#topology.settled();
  }

  dispose(): Promise<void> {
    return this.#topology.dispose();
  }

  /** Those that ask a cluster where its nodes are have to be told of the way through the net. */
  async #announce(node: RedisProcess): Promise<void> {
    await node.ask('CONFIG', 'SET', 'cluster-announce-port', String(this.#ports.get(node)));
  }
}
