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
  'socket.io': 'socket-io',
};

export interface SceneOptions {
  readonly kind: DoorKind;
  /** how many share a topic */
  readonly perTopic: number;
  /** processes with subscribers */
  readonly generators: number;
  /** of V8, for the server */
  readonly flags?: readonly string[];
  readonly config?: ServerConfigInput;
  readonly token?: string;
}

/** A server in a process of its own and its subscribers in others. */
export class DoorScene {
  readonly #options: SceneOptions;
  readonly #server: Child;
  readonly #generators: readonly Child[];
  readonly #port: number;
  #subscribers = 0;
  #expected = 0;

  private constructor(options: SceneOptions, server: Child, port: number) {
    this.#options = options;
    this.#server = server;
    this.#port = port;
    this.#generators = Array.from({ length: options.generators }, () => startChild('door-subscribers'));
  }

  /** Starts the server, lets `play` use it, and ends all of its processes. */
  static async play<T>(options: SceneOptions, play: (scene: DoorScene) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'topgun-bench-'));
    const server = startChild(ROLES[options.kind], options.flags);
    let scene: DoorScene | undefined;
    try {
      const { config = {} } = options;
      const { port } = await server.ask<{ port: number }>({ what: 'start', folder, config });
      scene = new DoorScene(options, server, port);
      return await play(scene);
    } finally {
      server.stop();
      if (scene !== undefined) scene.#stop();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** So many subscribers in all; those that are there stay. */
  async connect(count: number): Promise<void> {
    const { kind, perTopic, token } = this.#options;
    const more = count - this.#subscribers;
    const share = Math.ceil(more / this.#generators.length);
    const request = {
      what: 'connect',
      kind,
      port: this.#port,
      perTopic,
      ...(token !== undefined && { token }),
    };
    await Promise.all(
      this.#generators.map((generator, i) =>
        generator.ask({
          ...request,
          from: this.#subscribers + i * share,
          count: Math.max(0, Math.min(share, more - i * share)),
        }),
      ),
    );
    this.#subscribers = count;
  }

  /** Publishes to the topic of all subscribers and waits until it has come to them; the CPU seconds of the server, and what was lost. */
  async publish(request: Omit<PublishRequest, 'what'>): Promise<{ cpuSeconds: number; missing: number }> {
    const before = await this.#server.ask<CpuAnswer>({ what: 'cpu' });
    await this.#server.ask({ what: 'publish', ...request });
    const messages = request.ticks * request.perTick;
    this.#expected += messages * this.#subscribers;
    const received = await this.#receive();
    const after = await this.#server.ask<CpuAnswer>({ what: 'cpu' });
    return { cpuSeconds: after.cpuSeconds - before.cpuSeconds, missing: this.#expected - received };
  }

  async #receive(): Promise<number> {
    const each = this.#expected / this.#generators.length;
    const answers = await Promise.all(
      this.#generators.map((generator) => generator.ask<ReceivedAnswer>({ what: 'received', count: each })),
    );
    return answers.reduce((sum, { received }) => sum + received, 0);
  }

  /** Of all deliveries since it was asked the last time, ascending. */
  async latencies(): Promise<number[]> {
    const answers = await Promise.all(
      this.#generators.map((generator) => generator.ask<LatenciesAnswer>({ what: 'latencies' })),
    );
    return answers.flatMap(({ tookMs }) => tookMs).sort((a, b) => a - b);
  }

  /** Bytes of the server after a full collection. */
  memory(): Promise<MemoryAnswer> {
    return this.#server.ask<MemoryAnswer>({ what: 'memory' });
  }

  #stop(): void {
    for (const generator of this.#generators) generator.stop();
  }
}
