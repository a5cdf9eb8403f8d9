import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ServerConfigInput } from '@topgun/server';
import { type Child, startChild } from '../child.js';
import type { CpuAnswer, MemoryAnswer } from '../server/requests.js';
import type { DoorKind, LatenciesAnswer, PublishRequest, ReceivedAnswer } from './requests.js';

const ROLES: Readonly<Record<DoorKind, string>> = {
  binary: 'door-server',
  json: 'door-server',
  sse: 'door-server',
  'bare-ws': 'bare-ws',
  'bare-sse': 'bare-sse',
  'bare-net': 'bare-net',
  'socket.io': 'socket-io',
};

export interface SceneOptions {
  readonly kind: DoorKind;
  /** how many share a topic */
  readonly perTopic: number;
  /** processes with subscribers; with several nodes a multiple of those that have some */
  readonly generators: number;
  /** of V8, for the server */
  readonly flags?: readonly string[];
  readonly config?: ServerConfigInput;
  readonly token?: string;
  /** Servers that run together, by their config. The first one publishes. Default one. */
  readonly nodes?: number;
  /** The first node that has subscribers, and all after it. Default the first of all. */
  readonly from?: number;
}

export interface Published {
  /** CPU seconds of all nodes, and of each */
  readonly cpuSeconds: number;
  readonly ofNodes: readonly number[];
  /** deliveries that have not come */
  readonly missing: number;
}

interface Node {
  readonly child: Child;
  readonly port: number;
}

/** A process with subscribers. */
interface Generator {
  readonly child: Child;
  subscribers: number;
  /** deliveries that have come, or are to */
  expected: number;
}

/** A server in a process of its own, or several nodes, and its subscribers in others. */
export class DoorScene {
  readonly #options: SceneOptions;
  readonly #nodes: readonly Node[];
  readonly #generators: readonly Generator[];

  private constructor(options: SceneOptions, nodes: readonly Node[]) {
    this.#options = options;
    this.#nodes = nodes;
    this.#generators = Array.from({ length: options.generators }, () => ({
      child: startChild('door-subscribers'),
      subscribers: 0,
      expected: 0,
    }));
  }

  /** Starts the server, lets `play` use it, and ends all of its processes. */
  static async play<T>(options: SceneOptions, play: (scene: DoorScene) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
    const { kind, flags, nodes = 1 } = options;
    const children = Array.from({ length: nodes }, () => startChild(ROLES[kind], flags));
    let scene: DoorScene | undefined;
    try {
      const started: Node[] = [];
      for (const [nth, child] of children.entries()) {
        const config = { ...options.config, ...(nodes > 1 && { nodeId: `bench-${nth}` }) };
        const request = { what: 'start', folder: join(folder, String(nth)), config };
        started.push({ child, ...(await child.ask<{ port: number }>(request)) });
      }
      scene = new DoorScene(options, started);
      return await play(scene);
    } finally {
      for (const child of children) child.stop();
      if (scene !== undefined) scene.#stop();
      await rm(folder, { recursive: true, force: true });
    }
  }

  get ports(): readonly number[] {
    return this.#nodes.map(({ port }) => port);
  }

  /** So many subscribers in all; those that are there stay. */
  async connect(count: number): Promise<void> {
    const { kind, perTopic, token, from = 0 } = this.#options;
    const begin = this.#generators.reduce((sum, { subscribers }) => sum + subscribers, 0);
    const more = count - begin;
    const share = Math.ceil(more / this.#generators.length);
    const ports = this.ports.slice(from);
    const request = { what: 'connect', kind, perTopic, ...(token !== undefined && { token }) };
    await Promise.all(
      this.#generators.map((generator, i) => {
        const own = Math.max(0, Math.min(share, more - i * share));
        generator.subscribers += own;
        const port = ports[i % ports.length];
        return generator.child.ask({ ...request, port, from: begin + i * share, count: own });
      }),
    );
  }

  /**
   * Publishes to the topics of the subscribers, `perTopic` of whom share each, and waits until it has come to them; the CPU seconds of the
   * servers, and what was lost.
   */
  async publish(request: Omit<PublishRequest, 'what'>): Promise<Published> {
    const before = await this.#cpu();
    await this.#nodes[0]?.child.ask({ what: 'publish', ...request });
    const messages = (request.ticks * request.perTick) / (request.topics ?? 1);
    const missing = await this.#receive(messages);
    const after = await this.#cpu();
    const ofNodes = after.map((seconds, nth) => seconds - (before[nth] ?? 0));
    return { cpuSeconds: ofNodes.reduce((sum, seconds) => sum + seconds, 0), ofNodes, missing };
  }

  /** Used by all nodes while nothing is published. */
  async idle(forMs: number): Promise<number> {
    const before = await this.#cpu();
    await new Promise((resolve) => setTimeout(resolve, forMs));
    const after = await this.#cpu();
    return after.reduce((sum, seconds, nth) => sum + seconds - (before[nth] ?? 0), 0);
  }

  async #cpu(): Promise<number[]> {
    const asked = this.#nodes.map(({ child }) => child.ask<CpuAnswer>({ what: 'cpu' }));
    return (await Promise.all(asked)).map(({ cpuSeconds }) => cpuSeconds);
  }

  /** Waits until so many messages more have come to each subscriber; how many deliveries have not. */
  async #receive(messages: number): Promise<number> {
    const missing = await Promise.all(
      this.#generators.map(async (generator) => {
        const count = generator.expected + messages * generator.subscribers;
        const { received } = await generator.child.ask<ReceivedAnswer>({ what: 'received', count });
        // Each is missed once.
        generator.expected = received;
        return count - received;
      }),
    );
    return missing.reduce((sum, each) => sum + each, 0);
  }

  /** Of all deliveries since it was asked the last time, ascending. */
  async latencies(): Promise<number[]> {
    const answers = await Promise.all(
      this.#generators.map(({ child }) => child.ask<LatenciesAnswer>({ what: 'latencies' })),
    );
    return answers.flatMap(({ tookMs }) => tookMs).sort((a, b) => a - b);
  }

  /** Bytes of the server, the first one of several, after a full collection. */
  memory(): Promise<MemoryAnswer> {
    const [first] = this.#nodes as [Node];
    return first.child.ask<MemoryAnswer>({ what: 'memory' });
  }

  #stop(): void {
    for (const { child } of this.#generators) child.stop();
  }
}
