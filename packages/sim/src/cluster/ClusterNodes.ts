import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Postgres, startPostgres } from '@topgun/server/internal/storage/postgres/local/startPostgres';
import { freePort, topgun } from '../crash/harness.js';
import { type Ending, ServerProcess } from '../crash/ServerProcess.js';

/** Several that start at once on a busy machine take their time. */
const START_MS_MAX = 60_000;
/** A supervisor kills what has not ended then. */
const STOP_MS_MAX = 30_000;

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

/** Real servers over a real PostgreSQL that are one cluster. Ends with `close`. */
export class ClusterNodes {
  readonly token: string;
  readonly #postgres: Postgres;
  readonly #folder: string;
  readonly #nodes: readonly Node[];

  private constructor(postgres: Postgres, folder: string, nodes: readonly Node[], token: string) {
    this.#postgres = postgres;
    this.#folder = folder;
    this.#nodes = nodes;
    this.token = token;
  }

  static async open(count: number): Promise<ClusterNodes> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-cluster-'));
    const postgres = await startPostgres({ durable: true });
    const policiesFile = join(folder, 'policies.json');
    const policies = [{ role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }];
    await writeFile(policiesFile, JSON.stringify(policies));
    const env = {
      TOPGUN_JWT_SECRET: randomBytes(48).toString('base64'),
      TOPGUN_CLUSTER_SECRET: randomBytes(48).toString('base64'),
      TOPGUN_DATABASE_URL: postgres.url,
    };
    const token = await topgun(['token', '--sub', 'cluster', '--roles', 'user,ADMIN', '--ttl', '2h'], env);
    const nodes: Node[] = [];
    for (let at = 0; at < count; at++) {
      const name = `node-${at}`;
      const own = ['--cluster', '--node-id', name, '--data-dir', join(folder, name)];
      const shared = ['--policies-file', policiesFile, '--log-level', 'error'];
      nodes.push({ name, port: await freePort(), server: new ServerProcess([...own, ...shared], env) });
    }
    const made = new ClusterNodes(postgres, folder, nodes, token);
    try {
      await Promise.all(nodes.map((_, at) => made.start(at)));
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  get count(): number {
    return this.#nodes.length;
  }

  /** `ws://host:port` of a node. */
  url(at: number): string {
    return `ws://127.0.0.1:${this.#node(at).port}`;
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

  /** What a node says of the cluster; undefined when it says nothing. */
  async facts(at: number): Promise<Facts | undefined> {
    try {
      const answer = await fetch(`http://127.0.0.1:${this.#node(at).port}/ready`, {
        signal: AbortSignal.timeout(2_000),
      });
      return ((await answer.json()) as { cluster?: Facts }).cluster;
    } catch {
      // It does not listen, or is too busy: it is asked again.
      return undefined;
    }
  }

  /** The live roots of all maps at a node. */
  async roots(at: number): Promise<Readonly<Record<string, number | undefined>>> {
    const answer = await fetch(`http://127.0.0.1:${this.#node(at).port}/api/status`, {
      headers: { Authorization: `Bearer ${this.token}` },
    });
    const { maps } = (await answer.json()) as { maps: readonly { name: string; root?: number }[] };
    return Object.fromEntries(maps.map(({ name, root }) => [name, root]));
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(({ server }) => server.kill()));
    await this.#postgres.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #node(at: number): Node {
    const node = this.#nodes[at];
    if (node === undefined) throw new RangeError(`There is no node ${at}.`);
    return node;
  }
}
