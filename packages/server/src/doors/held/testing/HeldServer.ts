import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { LimitCounts } from '../../../limits/LimitCounts.js';
import { type OutQueues, outQueuesOf, type SlowSocket } from '../../../transport/OutQueues.js';
import { HttpRouter } from '../../HttpRouter.js';
import { listen } from '../../listen.js';
import type { Route } from '../../Route.js';
import { EventStream, type StreamKind } from '../EventStream.js';
import { HeldConnections } from '../HeldConnections.js';

export const HEARTBEAT_MS = 30_000;

const kind: StreamKind = {
  heartbeat: Buffer.from(':\n\n'),
  heartbeatMs: HEARTBEAT_MS,
  farewell: (reason, retryMs) => Buffer.from(`event: reconnect\ndata: ${reason} ${retryMs}\n\n`),
};

/** A stream that a test writes to. */
export class TestStream extends EventStream {
  goneCount = 0;

  constructor(home: HeldConnections, endsAtMs: number) {
    super(home, kind, endsAtMs);
  }

  say(text: string): void {
    this.push(Buffer.from(text));
  }

  protected opened(): void {
    this.say('hello\n');
  }

  protected gone(): void {
    this.goneCount++;
  }
}

/** A client that gathers what it reads; it reads nothing before it is asked to when it is lazy. */
export class Reader {
  text = '';
  isEnded = false;
  #heard: () => void = () => undefined;

  constructor(source: IncomingMessage | Socket) {
    source.setEncoding('utf8').on('data', (part: string) => {
      this.text += part;
      this.#heard();
    });
    for (const event of ['close', 'error', 'aborted'])
      source.on(event, () => {
        this.isEnded = true;
        this.#heard();
      });
  }

  async until(isSo: (reader: Reader) => boolean): Promise<void> {
    while (!isSo(this))
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
  }

  has(text: string): Promise<void> {
    return this.until((reader) => reader.text.includes(text));
  }

  ended(): Promise<void> {
    return this.until(({ isEnded }) => isEnded);
  }
}

/** A router with one route that is held open, on a clock that the test turns. */
export class HeldServer {
  nowMs = 0;
  readonly limits = new LimitCounts();
  readonly held: HeldConnections;
  readonly queues: OutQueues<SlowSocket>;
  readonly streams: TestStream[] = [];
  readonly responses: ServerResponse[] = [];
  readonly failures: unknown[] = [];
  port = 0;
  /** what the next streams' lives are */
  endsAtMs = Number.POSITIVE_INFINITY;
  /** before the answer is given */
  before: () => Promise<void> = async () => undefined;
  readonly #server: Server;
  readonly #clients: { destroy(): unknown }[] = [];

  constructor(outQueuesBytes = 2 ** 30) {
    this.queues = outQueuesOf(outQueuesBytes);
    this.held = new HeldConnections({
      limits: this.limits,
      queues: this.queues,
      monoMs: () => this.nowMs,
      random: () => 0.5,
    });
    const route: Route = {
      method: 'GET',
      path: '/held',
      access: 'open',
      answer: async () => {
        await this.before();
        const stream = new TestStream(this.held, this.endsAtMs);
        this.streams.push(stream);
        return {
          status: 200,
          contentType: 'text/event-stream',
          headers: { 'X-Kind': 'held' },
          hold: (response) => {
            this.responses.push(response);
            stream.hold(response);
          },
        };
      },
    };
    const router = new HttpRouter({
      routes: [
        route,
        { method: 'GET', path: '/other', access: 'open', answer: () => ({ status: 200, body: 'other' }) },
      ],
      principalOf: async () => undefined,
      loopbackOnly: false,
      watch: {
        begin: () => ({ requestId: 'r', route: 'none', remote: '', answered: () => undefined }),
        failed: (_, error) => this.failures.push(error),
      },
    });
    this.#server = createServer(router.listener);
  }

  async listen(): Promise<this> {
    ({ port: this.port } = await listen(this.#server, '127.0.0.1', 0));
    return this;
  }

  /** Turns the clock and lets the wheel see it, second by second. */
  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + 1_000);
      this.held.tick(this.nowMs);
      this.queues.watch(this.nowMs);
    }
  }

  /** Asks, and resolves with the response and who reads it. */
  open(method = 'GET'): Promise<{ readonly response: IncomingMessage; readonly reader: Reader }> {
    return new Promise((resolve, reject) => {
      const { port } = this;
      const asked = get({ host: '127.0.0.1', port, path: '/held', method, agent: false }, (response) =>
        resolve({ response, reader: new Reader(response) }),
      );
      asked.on('error', reject);
      this.#clients.push(asked);
    });
  }

  /** A bare socket that has sent this; it reads when somebody makes a `Reader` of it. */
  raw(text: string): Socket {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write(text);
    this.#clients.push(socket);
    return socket;
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.held.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Every turn of the event loop up to the one in which it is so. A test that waits for what never comes runs into its deadline. */
export async function turnsUntil(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
