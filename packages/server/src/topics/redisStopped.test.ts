import { describe, it, type TestContext } from 'vitest';
import { eventually } from '../local/redisProcesses.js';
import { type RedisTopology, startCluster, startSingle } from '../local/redisTopologies.js';
import { ServerCoordinator } from '../ServerCoordinator.js';
import type { TopicMessage } from './ports.js';
import { SERVER_PRINCIPAL } from './serverPrincipal.js';

const AWAY_MS = 10_000;
const TICK_MS = 25;
const KEPT = 'kept/1';
const FLEETING = 'moves/1';

/** A node with a listener of both kinds of topic, that publishes to both without end. */
class TalkingNode {
  readonly server: ServerCoordinator;
  /** by the id of the message */
  readonly heard = new Map<string, number>();
  readonly accepted: TopicMessage[] = [];
  readonly refusals: unknown[] = [];
  repeats = 0;
  #timer: NodeJS.Timeout | undefined;
  #pending = 0;

  constructor(topology: RedisTopology, nodeId: string) {
    // All that is said meanwhile fits.
    const topicNamespaces = [{ pattern: 'kept/*', count: 100_000, ageMs: 600_000, bytes: 1e8 }];
    const own = { nodeId, port: 0, dev: true, storage: 'memory', logLevel: 'silent', drainMs: 50 } as const;
    this.server = new ServerCoordinator({ ...topology.config, ...own, topicNamespaces });
  }

  async start(): Promise<void> {
    await this.server.start();
    const subscriber = {
      principal: SERVER_PRINCIPAL,
      deliver: ({ message }: { readonly message: TopicMessage }) => {
        if (this.heard.has(message.id)) this.repeats++;
        else this.heard.set(message.id, performance.now());
      },
      lost: () => undefined,
      ended: () => undefined,
    };
    for (const topic of [KEPT, FLEETING]) await this.server.topics?.subscribe(topic, subscriber);
  }

  speak(): void {
    this.#timer = setInterval(() => {
      for (const topic of [KEPT, FLEETING]) this.#say(topic);
    }, TICK_MS);
  }

  /** Says no more; resolves when all of it is answered. */
  async fallSilent(): Promise<void> {
    clearInterval(this.#timer);
    await eventually('every publish is answered', () => this.#pending === 0);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.server.shutdown();
  }

  /** What a balancer sees. */
  async ready(): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${this.server.port}/ready`);
    return { status: response.status, text: await response.text() };
  }

  #say(topic: string): void {
    this.#pending++;
    this.server
      .publish(topic, performance.now())
      .then(
        (message) => this.accepted.push(message),
        (error: unknown) => this.refusals.push(error),
      )
      .finally(() => {
        this.#pending--;
      });
  }
}

/** Reads a stream of events of a node until so many have come. */
async function hearOnStream(node: TalkingNode, count: number): Promise<void> {
  const ending = new AbortController();
  const url = `http://127.0.0.1:${node.server.port}/events/subscribe?topics=${KEPT}`;
  const { body } = await fetch(url, { signal: ending.signal });
  if (body === null) throw new Error('There is no stream.');
  let text = '';
  const decoder = new TextDecoder();
  for await (const part of body) {
    text += decoder.decode(part, { stream: true });
    if ((text.match(/^data: /gm)?.length ?? 0) > count) break;
  }
  ending.abort();
}

interface Way {
  readonly leave: (topology: RedisTopology) => Promise<void>;
  readonly comeBack: (topology: RedisTopology) => Promise<void>;
}
const held: Way = {
  leave: async ({ nodes }) => {
    for (const node of nodes) node.pause();
  },
  comeBack: async ({ nodes }) => {
    for (const node of nodes) node.resume();
  },
};
const shutDown: Way = {
  leave: async ({ nodes }) => {
    await Promise.all(nodes.map((node) => node.stop()));
  },
  comeBack: async ({ nodes }) => {
    await Promise.all(nodes.map((node) => node.start()));
  },
};

async function stopRedis(
  start: () => Promise<RedisTopology>,
  { leave, comeBack }: Way,
  { expect, onTestFinished }: TestContext,
): Promise<void> {
  const topology = await start();
  const nodes = ['a', 'b', 'c'].map((id) => new TalkingNode(topology, id));
  onTestFinished(async () => {
    await Promise.all(nodes.map((node) => node.stop()));
    await topology.dispose();
  });
  for (const node of nodes) await node.start();
  for (const node of nodes) node.speak();
  const hearsAll = (node: TalkingNode): boolean =>
    nodes.every(({ accepted }) => accepted.every(({ id }) => node.heard.has(id)));
  await eventually('all hear each other', () => nodes.every(({ heard }) => heard.size > 200));
  await leave(topology);
  const leftMs = performance.now();
  await eventually('each says that it is alone, and goes on', async () => {
    const answers = await Promise.all(nodes.map((node) => node.ready()));
    return answers.every(({ status, text }) => status === 200 && /"redis":\s*"down"/.test(text));
  });
  // Who comes now is let in, and hears what is said on this node.
  await Promise.all(nodes.map((node) => hearOnStream(node, 20)));
  await eventually('Redis was away long enough', () => performance.now() - leftMs > AWAY_MS);
  const backMs = performance.now();
  const heardOfOthers = nodes.map(
    (node) => [...node.heard.values()].filter((at) => at > leftMs + 5_000).length,
  );
  await comeBack(topology);
  // Accepted is told at once: what was said a second before was heard by its own node before Redis came back.
  for (const { accepted, heard, refusals } of nodes) {
    const said = accepted.filter(({ data }) => (data as number) < backMs - 1_000);
    expect(said.filter(({ id }) => (heard.get(id) ?? Number.POSITIVE_INFINITY) > backMs)).toEqual([]);
    expect(said.filter(({ data }) => (data as number) > leftMs + 5_000).length).toBeGreaterThan(100);
    expect(refusals).toEqual([]);
  }
  expect(Math.min(...heardOfOthers)).toBeGreaterThan(100);
  await eventually(
    'each says that it is whole',
    async () => {
      const answers = await Promise.all(nodes.map((node) => node.ready()));
      return answers.every(({ text }) => /"redis":\s*"up"/.test(text));
    },
    60_000,
  );
  for (const node of nodes) await node.fallSilent();
  await eventually('what was said meanwhile is heard everywhere', () => nodes.every(hearsAll));
  expect(nodes.map(({ repeats }) => repeats)).toEqual([0, 0, 0]);
}

describe('Redis is gone for ten seconds', () => {
  describe.each([
    ['one Redis', startSingle],
    ['a Redis Cluster', startCluster],
  ] as const)('%s', (name, start) => {
    it.concurrent(
      `[BUS-30] [BUS-35] [BUS-37] [S003-4] [S004-17] [S004-18] ${name} that is held: nodes serve their own and whoever comes, and hear each other's messages of that time afterwards, once`,
      (context) => stopRedis(start, held, context),
      120_000,
    );
    it.concurrent(
      `[BUS-35] [BUS-37] [S003-4] [S004-17] [S004-18] ${name} that is shut down and started again: the same`,
      (context) => stopRedis(start, shutDown, context),
      120_000,
    );
  });
});
