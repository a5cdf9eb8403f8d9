import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClusterAnswer } from '@topgun/server/internal/doors/cluster';
import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { freePort, topgun } from '../crash/harness.js';
import { type Ending, ServerProcess } from '../crash/ServerProcess.js';
import { RedisServer } from '../rolling/RedisServer.js';

/** Several that start at once on a busy machine take their time. */
const START_MS_MAX = 60_000;
/** A supervisor kills what has not ended then. */
const STOP_MS_MAX = 30_000;
const ASK_MS_MAX = 2_000;

interface Node {
  readonly name: string;
  readonly port: number;
  readonly server: ServerProcess;
}

/** What `/ready` says of the cluster. */
export interface Facts {
  readonly owned: number;
  readonly unowned: number;
  readonly degraded: readonly string[];
}

export interface ClusterSettings {
  /** topics go by a Redis of its own; without it they go by the links */
  readonly redis?: boolean;
  /** flags that every node is started with */
  readonly flags?: readonly string[];
  /** What is around a node that is about to be made, such as ways of its own to the others. */
  readonly surround?: (place: NodePlace) => Promise<NodeSurroundings>;
  /** told what a node prints */
  readonly heard?: (name: string, data: Buffer) => void;
}

/** Where a node is to be. */
export interface NodePlace {
  readonly name: string;
  readonly port: number;
  readonly postgres: Postgres;
}

/** What a node is started with besides what all have. */
export interface NodeSurroundings {
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What all nodes of a cluster are started with. */
interface Shared {
  readonly folder: string;
  readonly postgres: Postgres;
  readonly redis: RedisServer | undefined;
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly surround: (place: NodePlace) => Promise<NodeSurroundings>;
  readonly heard: ClusterSettings['heard'];
}

/** Real servers over a real PostgreSQL that are one cluster. Ends with `close`. */
export class ClusterNodes {
  readonly token: string;
  readonly #shared: Shared;
  readonly #nodes: Node[] = [];

  private constructor(shared: Shared, token: string) {
    this.#shared = shared;
    this.token = token;
  }

  static async open(
    count: number,
    { redis: hasRedis = false, flags = [], surround = inTheOpen, heard }: ClusterSettings = {},
  ): Promise<ClusterNodes> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-cluster-'));
    const postgres = await startPostgres({ durable: true });
    const redis = hasRedis ? await RedisServer.start() : undefined;
    const policiesFile = join(folder, 'policies.json');
    const policies = [{ role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }];
    await writeFile(policiesFile, JSON.stringify(policies));
    const env = {
      TOPGUN_JWT_SECRET: randomBytes(48).toString('base64'),
      TOPGUN_CLUSTER_SECRET: randomBytes(48).toString('base64'),
      TOPGUN_DATABASE_URL: postgres.url,
      ...(redis !== undefined && { TOPGUN_REDIS_URL: redis.url }),
    };
    const token = await topgun(['token', '--sub', 'cluster', '--roles', 'user,ADMIN', '--ttl', '2h'], env);
    const all = ['--policies-file', policiesFile, '--log-level', 'error', ...flags];
    const made = new ClusterNodes({ folder, postgres, redis, flags: all, env, surround, heard }, token);
    try {
      for (let at = 0; at < count; at++) await made.#make();
      await Promise.all(made.#nodes.map((_, at) => made.start(at)));
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  get count(): number {
    return this.#nodes.length;
  }

  get postgres(): Postgres {
    return this.#shared.postgres;
  }

  /** undefined where topics go by the links */
  get redis(): RedisServer | undefined {
    return this.#shared.redis;
  }

  /** `ws://host:port` of a node. */
  url(at: number): string {
    return `ws://${this.#address(at)}`;
  }

  portOf(at: number): number {
    return this.#node(at).port;
  }

  nameOf(at: number): string {
    return this.#node(at).name;
  }

  /** One more node, which has not been started; its number. */
  async add(): Promise<number> {
    await this.#make();
    return this.#nodes.length - 1;
  }

  start(at: number): Promise<void> {
    const { server, port } = this.#node(at);
    return server.start(port, START_MS_MAX);
  }

  /** SIGKILL. */
  kill(at: number): Promise<void> {
    return this.#node(at).server.kill();
  }

  /** SIGTERM; resolves when it has ended by itself. */
  stop(at: number): Promise<Ending> {
    return this.#node(at).server.terminate(STOP_MS_MAX);
  }

  /** Has a node give its partitions away, as `topgun cluster:drain` does; resolves when the order is written down. */
  async drain(at: number): Promise<void> {
    const answer = await fetch(`http://${this.#address(at)}/api/admin/cluster/drain`, {
      method: 'POST',
      headers: this.#headers,
      body: JSON.stringify({ node: this.nameOf(at) }),
    });
    if (!answer.ok) throw new Error(`A drain was answered ${answer.status}: ${await answer.text()}`);
  }

  /** SIGSTOP and SIGCONT: it hangs, and goes on. */
  signal(at: number, signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#node(at).server.signal(signal);
  }

  /** Whether a node says that new clients are welcome. */
  async isReady(at: number): Promise<boolean> {
    return (await this.#fetch(at, '/ready'))?.ok === true;
  }

  /** What a node says of the cluster; undefined when it says nothing. */
  async facts(at: number): Promise<Facts | undefined> {
    // It says so, too, where it is not ready.
    const answer = (await read(await this.#fetch(at, '/ready'))) as { cluster?: Facts } | undefined;
    return answer?.cluster;
  }

  /** Who is there and who owns what, as a node knows it; undefined when it says nothing. */
  async status(at: number): Promise<ClusterAnswer | undefined> {
    const answer = await this.#fetch(at, '/api/admin/cluster');
    return answer?.ok === true ? ((await read(answer)) as ClusterAnswer | undefined) : undefined;
  }

  /** The live roots of all maps at a node. */
  async roots(at: number): Promise<Readonly<Record<string, number | undefined>>> {
    const answer = await fetch(`http://${this.#address(at)}/api/status`, { headers: this.#headers });
    const { maps } = (await answer.json()) as { maps: readonly { name: string; root?: number }[] };
    return Object.fromEntries(maps.map(({ name, root }) => [name, root]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(({ server }) => server.kill()));
    const { postgres, redis, folder } = this.#shared;
    await Promise.all([postgres.stop(), redis?.stop()]);
    await rm(folder, { recursive: true, force: true });
  }

  async #make(): Promise<void> {
    const { folder, flags, env, postgres, surround, heard } = this.#shared;
    const name = `node-${this.#nodes.length}`;
    const port = await freePort();
    const own = ['--cluster', '--node-id', name, '--data-dir', join(folder, name)];
    const around = await surround({ name, port, postgres });
    const server = new ServerProcess([...own, ...around.flags, ...flags], { ...env, ...around.env }, (data) =>
      heard?.(name, data),
    );
    this.#nodes.push({ name, port, server });
  }

  async #fetch(at: number, path: string): Promise<Response | undefined> {
    try {
      const signal = AbortSignal.timeout(ASK_MS_MAX);
      return await fetch(`http://${this.#address(at)}${path}`, { headers: this.#headers, signal });
    } catch {
      // It does not listen, or is too busy: it is asked again.
      return undefined;
    }
  }

  get #headers(): Readonly<Record<string, string>> {
    return { Authorization: `Bearer ${this.token}` };
  }

  #address(at: number): string {
    return `127.0.0.1:${this.#node(at).port}`;
  }

  #node(at: number): Node {
    const node = this.#nodes[at];
    if (node === undefined) throw new RangeError(`There is no node ${at}.`);
    return node;
  }
}

/** Clients that choose their node find it where the others do. */
const inTheOpen = async ({ port }: NodePlace): Promise<NodeSurroundings> => ({
  flags: ['--public-url', `ws://127.0.0.1:${port}`],
  env: {},
});

/** An answer may break off in the middle. */
const read = (answer: Response | undefined): Promise<unknown> | undefined =>
  answer?.json().catch(() => undefined);
