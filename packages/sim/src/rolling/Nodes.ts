import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, topgun } from '../crash/harness.js';
import { MANY_OF_ONE } from '../crash/manyOfOne.js';
import { type Ending, ServerProcess } from '../crash/ServerProcess.js';
import { RedisServer } from './RedisServer.js';

const COUNT = 3;
/** How often a balancer looks whether a node is ready; nodes wait for several looks before they ask anybody to leave. */
const LOOK_MS = 200;
const DRAIN_DELAY_MS = 1_000;
/** A supervisor kills what has not ended then; the server promises 25 s. */
const STOP_MS_MAX = 25_000;
/** Three that start at once on a busy machine take their time. */
const START_MS_MAX = 60_000;

interface Node {
  readonly port: number;
  readonly server: ServerProcess;
  isReady: boolean;
  /** it was killed, and its clients have nowhere to be yet */
  isDead: boolean;
}

/** Three real servers that share a real Redis and nothing else, and who sends the next request to which of them: each in its turn, of those that say they are ready. */
export class Nodes {
  readonly token: string;
  readonly #redis: RedisServer;
  readonly #folder: string;
  readonly #nodes: readonly Node[];
  readonly #looking: NodeJS.Timeout;
  #turn = 0;

  private constructor(redis: RedisServer, folder: string, nodes: readonly Node[], token: string) {
    this.#redis = redis;
    this.#folder = folder;
    this.#nodes = nodes;
    this.token = token;
    this.#looking = setInterval(() => void Promise.all(nodes.map((node) => this.#look(node))), LOOK_MS);
  }

  static async open(): Promise<Nodes> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-rolling-'));
    const redis = await RedisServer.start();
    const policiesFile = join(folder, 'policies.json');
    const policies = [{ role: 'user', map: 'topic:stream/*', actions: ['READ', 'PUT'] }];
    await writeFile(policiesFile, JSON.stringify(policies));
    const env = {
      TOPGUN_JWT_SECRET: randomBytes(48).toString('base64'),
      TOPGUN_REDIS_URL: redis.url,
      TOPGUN_WS_SCOPE_REQUIRED: 'false',
    };
    const token = await topgun(['token', '--sub', 'ann', '--roles', 'user', '--ttl', '2h'], env);
    const nodes: Node[] = [];
    for (let at = 0; at < COUNT; at++) {
      const own = ['--node-id', `node-${at}`, '--data-dir', join(folder, String(at))];
      const shared = [
        '--policies-file',
        policiesFile,
        '--drain-delay-ms',
        String(DRAIN_DELAY_MS),
        '--log-level',
        'warn',
      ];
      nodes.push({
        port: await freePort(),
        server: new ServerProcess([...own, ...shared, ...MANY_OF_ONE], env),
        isReady: true,
        isDead: false,
      });
    }
    await Promise.all(nodes.map(({ server, port }) => server.start(port, START_MS_MAX)));
    return new Nodes(redis, folder, nodes, token);
  }

  get count(): number {
    return this.#nodes.length;
  }

  /** Host and port of the node whose turn it is. */
  next(): string {
    const ready = this.#nodes.filter(({ isReady }) => isReady);
    const node = ready[this.#turn++ % ready.length];
    if (node === undefined) throw new Error('No node is ready.');
    return `127.0.0.1:${node.port}`;
  }

  /** SIGTERM; when it has ended it is started again. Throws when it has not ended by itself in time. */
  async restart(at: number): Promise<Ending> {
    const node = this.#nodes[at] as Node;
    const ending = await node.server.terminate(STOP_MS_MAX);
    await node.server.start(node.port, START_MS_MAX);
    return ending;
  }

  /** SIGKILL; it is started again. */
  async kill(at: number): Promise<void> {
    const node = this.#nodes[at] as Node;
    node.isDead = true;
    await node.server.kill();
    await node.server.start(node.port, START_MS_MAX);
  }

  /** The balancer and the clients know by now that it is back. */
  revive(at: number): void {
    (this.#nodes[at] as Node).isDead = false;
  }

  /** Whether what is lost there is nobody's fault; `address` as `next` gave it. */
  isDead(address: string): boolean {
    return this.#nodes.some(({ port, isDead }) => isDead && address === `127.0.0.1:${port}`);
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all(this.#nodes.map(({ server }) => server.kill()));
    await this.#redis.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #look(node: Node): Promise<void> {
    try {
      const { ok } = await fetch(`http://127.0.0.1:${node.port}/ready`, {
        headers: { Connection: 'close' },
        signal: AbortSignal.timeout(5_000),
      });
      node.isReady = ok;
    } catch {
      // It does not listen: it is being started.
      node.isReady = false;
    }
  }
}
