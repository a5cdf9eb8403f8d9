import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PARTITION_COUNT } from '@topgun/protocol';
import { devLimits, envOf, type SettingName } from '@topgun/server';
import type { Postgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { ClusterNodes, type NodePlace, type NodeSurroundings } from '../../cluster/ClusterNodes.js';
import { MANY_OF_ONE } from '../../crash/manyOfOne.js';
import { until } from '../../rolling/until.js';
import { FaultNet } from '../net/FaultNet.js';
import { Prober } from './Prober.js';
import { RedisPlace } from './RedisPlace.js';
import { Witness } from './Witness.js';

export const NODES = 3;
export const POSTGRES = 'postgres';
/** everybody who is no node */
export const CLIENTS = 'clients';
/** A busy machine takes long over the start of processes. */
const PATIENCE_MS = 120_000;

/** Kept, and accepted only when they will be: what a topic promises at most. */
const TOPICS = {
  pattern: 'stream/*',
  count: 100_000,
  ageMs: 3_600_000,
  bytes: 64 * 1024 * 1024,
  durable: true,
};

export interface StageOptions {
  readonly redis: 'none' | 'single' | 'cluster';
  /** numbers from 0 up to 1 */
  readonly random: () => number;
  /** where what the nodes print goes; by default nowhere */
  readonly logs?: string | undefined;
}

/** Three real nodes over a real PostgreSQL and a real Redis, with a net between each two of them, and before their clients. Ends with `close`. */
export class ChaosStage {
  readonly nodes: ClusterNodes;
  readonly net: FaultNet;
  readonly redis: RedisPlace | undefined;
  readonly witness: Witness;
  readonly names: readonly string[];
  /** `ws://` addresses of the nodes for clients, by number */
  readonly urls: readonly string[];
  readonly #probers: readonly Prober[];
  readonly #folder: string;

  private constructor(parts: Parts) {
    const { nodes, net, redis, witness, folder, names, urls } = parts;
    this.nodes = nodes;
    this.net = net;
    this.redis = redis;
    this.witness = witness;
    this.names = names;
    this.urls = urls;
    this.#folder = folder;
    this.#probers = names.map((_, at) => new Prober(nodes.url(at), nodes.token));
  }

  static async open({ redis: kind, random, logs }: StageOptions): Promise<ChaosStage> {
    const net = new FaultNet(random);
    const folder = await mkdtemp(join(tmpdir(), 'topgun-chaos-'));
    const names = Array.from({ length: NODES }, (_, at) => `node-${at}`);
    const urls: string[] = [];
    let redis: RedisPlace | undefined;
    let postgresPort: number | undefined;
    const config = join(folder, 'topgun.json');
    await writeFile(config, JSON.stringify({ topicNamespaces: [TOPICS] }));
    const surround = async ({ name, port, postgres }: NodePlace): Promise<NodeSurroundings> => {
      postgresPort ??= await net.open(POSTGRES, Number(new URL(postgres.url).port), names);
      const others = names.filter((one) => one !== name);
      const linkPort = await net.open(name, port, others);
      const url = `ws://127.0.0.1:${await net.open(name, port, CLIENTS)}`;
      urls.push(url);
      return {
        flags: ['--config', config, '--cluster-address', `127.0.0.1:${linkPort}`, '--public-url', url],
        env: {
          ...limits,
          TOPGUN_DATABASE_URL: await new Witness(postgres.url).admit(name, postgresPort),
          ...redis?.envOf(name),
        },
      };
    };
    try {
      if (kind !== 'none') redis = await RedisPlace.open(kind, net, names);
      const heard = logs === undefined ? undefined : logsIn(logs);
      const flags = [...MANY_OF_ONE, ...(logs === undefined ? [] : ['--log-level', 'info'])];
      const nodes = await ClusterNodes.open(NODES, { flags, surround, ...(heard && { heard }) });
      const witness = new Witness(nodes.postgres.url);
      await witness.watch();
      const stage = new ChaosStage({ nodes, net, redis, witness, folder, names, urls });
      await stage.whole();
      return stage;
    } catch (error) {
      await redis?.dispose();
      await net.close();
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  get postgres(): Postgres {
    return this.nodes.postgres;
  }

  nameOf(at: number): string {
    return this.names[at] as string;
  }

  /** Resolves when all nodes own partitions, and all of them are owned. */
  whole(): Promise<void> {
    return this.owned(this.names.map((_, at) => at));
  }

  /** Resolves when these nodes own all partitions among them, each some. */
  owned(those: readonly number[]): Promise<void> {
    return until(`nodes ${those} own everything`, PATIENCE_MS, async () => {
      const facts = await Promise.all(those.map((at) => this.nodes.facts(at)));
      const sum = facts.reduce((all, one) => all + (one?.owned ?? 0), 0);
      return sum === PARTITION_COUNT && facts.every((one) => one !== undefined && one.owned > 0);
    });
  }

  /** Resolves when a write to each partition, begun now at one of these nodes, is on the disk, and they own everything. */
  async takesOps(those: readonly number[]): Promise<void> {
    const [first = 0] = those;
    await Promise.all([this.#probers[first]?.allTaken(), this.owned(those)]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#probers.map((prober) => prober.close()));
    await this.nodes.close();
    await this.redis?.dispose();
    await this.net.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}

interface Parts extends Pick<ChaosStage, 'nodes' | 'net' | 'redis' | 'witness' | 'names' | 'urls'> {
  readonly folder: string;
}

/** All clients are one user at one address. */
const limits = Object.fromEntries(
  Object.entries(devLimits).map(([name, value]) => [envOf(name as SettingName), String(value)]),
);

function logsIn(folder: string): (name: string, data: Buffer) => void {
  const files = new Map<string, NodeJS.WritableStream>();
  return (name, data) => {
    const file = files.get(name) ?? createWriteStream(join(folder, `${name}.log`), { flags: 'a' });
    files.set(name, file);
    file.write(data);
  };
}
