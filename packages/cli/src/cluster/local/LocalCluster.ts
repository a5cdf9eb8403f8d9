import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { devLimits, envOf, type SettingName } from '@topgun/server';
import { claimPort, giveBack } from '@topgun/server/local';
import { cliError } from '../../cliErrors.js';
import { demoFolder } from '../../webFolders.js';
import { askCluster, type Cluster } from '../clusterAnswer.js';
import { LinkProxy } from './LinkProxy.js';
import { LocalNode } from './LocalNode.js';

export interface LocalClusterParts {
  readonly count: number;
  /** of the first node, the others follow; free ones when left out */
  readonly port?: number | undefined;
  readonly folder: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly clusterSecret: string;
  readonly logLevel: string;
  /** program and arguments that run `topgun` */
  readonly command: readonly [program: string, ...args: string[]];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** a line that a node printed */
  readonly onLine: (node: string, line: string) => void;
}

/** Nodes of one cluster on this machine, each a process, with a way between each two that can be cut. */
export class LocalCluster {
  readonly nodes: readonly LocalNode[];
  readonly #proxies: ReadonlyMap<string, LinkProxy>;
  /** `a b`, the earlier name first */
  readonly #cuts = new Set<string>();

  private constructor(nodes: readonly LocalNode[], proxies: ReadonlyMap<string, LinkProxy>) {
    this.nodes = nodes;
    this.#proxies = proxies;
  }

  /** Starts all nodes, the first one before the others: it brings the database into its form. Throws NODE_FAILED, and leaves nothing running then. */
  static async start(parts: LocalClusterParts): Promise<LocalCluster> {
    const names = Array.from({ length: parts.count }, (_, at) => `node-${at + 1}`);
    const ports = await Promise.all(
      names.map((_, at) => (parts.port === undefined ? claimPort() : parts.port + at)),
    );
    const proxies = new Map<string, LinkProxy>();
    for (const [at, name] of names.entries())
      proxies.set(name, await LinkProxy.open(names, () => ports[at] as number));
    const nodes = names.map((name, at) => {
      const port = ports[at] as number;
      const dataDir = join(parts.folder, name);
      mkdirSync(dataDir, { recursive: true });
      return new LocalNode({
        ...nodeOf(parts, name, port, proxies.get(name)?.port ?? 0, dataDir),
        name,
        port,
      });
    });
    const cluster = new LocalCluster(nodes, proxies);
    try {
      const [first, ...others] = nodes;
      await first?.start();
      await Promise.all(others.map((node) => node.start()));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** A node by its number or name. Throws NODE_UNKNOWN. */
  node(said: string): LocalNode {
    const found = this.nodes.find(({ name }) => name === said || name === `node-${said}`);
    if (found === undefined)
      throw cliError(
        'NODE_UNKNOWN',
        `There is no node ${said}: they are ${this.nodes.map(({ name }) => name).join(', ')}.`,
      );
    return found;
  }

  /** Nothing travels between two nodes any more; both still reach the database. */
  cut(one: LocalNode, other: LocalNode): void {
    this.#cuts.add(pairOf(one, other));
    this.#proxies.get(one.name)?.cut(other.name);
    this.#proxies.get(other.name)?.cut(one.name);
  }

  mend(one: LocalNode, other: LocalNode): void {
    this.#cuts.delete(pairOf(one, other));
    this.#proxies.get(one.name)?.mend(other.name);
    this.#proxies.get(other.name)?.mend(one.name);
  }

  /** Pairs of names that are cut. */
  get cuts(): readonly string[] {
    return [...this.#cuts];
  }

  /** What the first node that runs knows; undefined where none does. */
  async ask(): Promise<Cluster | undefined> {
    const node = this.nodes.find(({ state }) => state === 'running');
    return node === undefined ? undefined : askCluster({ url: node.url, token: undefined });
  }

  /** Has all nodes drain, and resolves when they have ended. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => (node.state === 'stopped' ? undefined : node.stop())));
    for (const proxy of this.#proxies.values()) await proxy.close();
    for (const { port } of this.nodes) giveBack(port);
  }
}

/** Those of `topgun dev`: all clients of a try come from one address. */
const limits = Object.fromEntries(
  Object.entries(devLimits).map(([name, value]) => [envOf(name as SettingName), String(value)]),
);

const pairOf = (one: LocalNode, other: LocalNode): string => [one.name, other.name].sort().join(' ');

/** The command line and the environment of a node. What is secret stands in the environment. */
function nodeOf(
  { command, env, databaseUrl, redisUrl, clusterSecret, logLevel, onLine }: LocalClusterParts,
  name: string,
  port: number,
  linkPort: number,
  dataDir: string,
): Omit<ConstructorParameters<typeof LocalNode>[0], 'name' | 'port'> {
  const demo = demoFolder();
  return {
    command,
    // In development, which is on loopback alone: nobody needs a token.
    args: [
      'start',
      '--dev',
      '--cluster',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
      '--node-id',
      name,
    ].concat(
      ['--cluster-address', `127.0.0.1:${linkPort}`, '--public-url', `ws://127.0.0.1:${port}`],
      ['--data-dir', dataDir, '--log-level', logLevel],
    ),
    env: {
      ...limits,
      ...(demo !== undefined && { TOPGUN_STATIC_DIR: demo }),
      ...env,
      TOPGUN_DATABASE_URL: databaseUrl,
      TOPGUN_REDIS_URL: redisUrl,
      TOPGUN_CLUSTER_SECRET: clusterSecret,
    },
    cwd: dataDir,
    onLine: (line) => onLine(name, line),
  };
}
