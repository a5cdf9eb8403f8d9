import { createServer, request, type Server } from 'node:http';
import { EventSource } from 'eventsource';
import { pino } from 'pino';
import { parseConfig } from '../../../config/load.js';
import type { ServerConfigInput } from '../../../config/schema.js';
import { Denials } from '../../../engine/Denials.js';
import { PermissionPolicy, type Policy, type Principal } from '../../../security/PermissionPolicy.js';
import { LocalBus } from '../../../topics/LocalBus.js';
import { MemoryLog } from '../../../topics/log/MemoryLog.js';
import { Offsets } from '../../../topics/log/Offsets.js';
import { Namespaces } from '../../../topics/Namespaces.js';
import type { PublishOptions, TopicMessage } from '../../../topics/ports.js';
import { TopicHub } from '../../../topics/TopicHub.js';
import { type TopicPolicies, topicGate } from '../../../topics/topicGate.js';
import { type Visitors, visitorsOf } from '../../../transport/visitorsOf.js';
import { nextTurn } from '../../../utils/nextTurn.js';
import { HttpRouter } from '../../HttpRouter.js';
import { LiveDoors } from '../../LiveDoors.js';
import { listen } from '../../listen.js';

export const ALL: readonly Policy[] = [{ role: 'user', map: '**', actions: ['READ', 'PUT'] }];

const RELAXED: ServerConfigInput = {
  sseConnectionsPerIpMax: 1_000_000,
  sseConnectionsPerUserMax: 1_000_000,
  httpRequestsPerIpMax: 1_000_000,
  httpRequestsPerUserMax: 1_000_000,
  trustedProxies: ['127.0.0.1'],
  ws: false,
};

/** An event as an independent client reads it. */
export interface HeardEvent {
  readonly type: string;
  readonly id: string;
  readonly data: unknown;
}

/** A follower through the npm package `eventsource`, or through any class like it. */
export class Follower {
  readonly events: HeardEvent[] = [];
  readonly source: EventSource;
  #heard: () => void = () => undefined;

  constructor(url: string, token: string, names: readonly string[], lastId?: string) {
    this.source = new EventSource(url, {
      fetch: (input, init) =>
        fetch(input, {
          ...init,
          headers: {
            ...init.headers,
            Authorization: `Bearer ${token}`,
            ...(lastId !== undefined && { 'Last-Event-ID': lastId }),
          },
        }),
    });
    for (const name of ['message', 'resync', 'reconnect', 'denied', ...names])
      this.source.addEventListener(name, (event: MessageEvent) => {
        this.events.push({ type: name, id: event.lastEventId, data: JSON.parse(String(event.data)) });
        this.#heard();
      });
  }

  get lastId(): string {
    return this.events.at(-1)?.id ?? '';
  }

  /** The data of what was published, in order. */
  get said(): readonly unknown[] {
    const own = ['resync', 'reconnect', 'denied'];
    return this.events
      .filter(({ type, data }) => !own.includes(type) && (data as { type?: unknown }).type !== 'connected')
      .map(({ data }) => data);
  }

  async until(isSo: (follower: this) => boolean): Promise<this> {
    while (!isSo(this))
      await new Promise<void>((resolve) => {
        this.#heard = resolve;
      });
    return this;
  }

  /** Resolves when the first frame is here. */
  connected(): Promise<this> {
    return this.until(({ events }) => events.length > 0);
  }
}

/** The door as a server has it, on real topics; tokens are names, `forged` and `expired` are not accepted. */
export class SseRig {
  nowMs = 1_800_000_000_000;
  /** until when tokens are good */
  expiresAtMs: number | undefined;
  isReady = true;
  readonly visitors: Visitors;
  readonly live: LiveDoors;
  readonly hub: TopicHub;
  readonly denials = new Denials(100);
  readonly failures: unknown[] = [];
  port = 0;
  #policies: PermissionPolicy;
  #ids = 0;
  readonly #server: Server;
  readonly #followers: Follower[] = [];

  constructor(settings: ServerConfigInput = {}, policies: readonly Policy[] = ALL) {
    const config = parseConfig({ ...RELAXED, ...settings });
    this.#policies = new PermissionPolicy(policies);
    const current = (): PermissionPolicy => this.#policies;
    const book: TopicPolicies = {
      get inForce() {
        return current();
      },
      denied: (who, denied, now) => this.denials.note(current(), who, denied, now),
    };
    const wallMs = (): number => this.nowMs;
    const bus = new LocalBus(new MemoryLog({ epoch: 'log-1', offsets: new Offsets(wallMs), wallMs }));
    this.hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: new Namespaces([{ pattern: 'lossy/*', retention: undefined }]),
      gate: topicGate(() => book, wallMs),
      nodeId: 'node-1',
      wallMs,
      drawId: () => `id-${++this.#ids}`,
    });
    void bus.open(this.hub);
    this.visitors = visitorsOf(config);
    this.live = new LiveDoors({
      config,
      visitors: this.visitors,
      topics: () => (this.isReady ? this.hub : undefined),
      wallMs,
      logger: pino({ level: 'silent' }),
      // Of the other doors, which are off.
      security: () => undefined,
      watch: () => {
        throw new Error('The door of events has nothing to measure here.');
      },
    });
    const router = new HttpRouter({
      routes: this.live.routes(),
      principalOf: async (token) => this.#principalOf(token),
      loopbackOnly: false,
      visitors: this.visitors,
      watch: {
        begin: (_, response) => {
          response.setHeader('X-Request-Id', 'request-1');
          return { requestId: 'request-1', route: 'none', remote: '', answered: () => undefined };
        },
        failed: (_, error) => this.failures.push(error),
      },
    });
    this.#server = createServer(router.listener);
  }

  async listen(): Promise<this> {
    ({ port: this.port } = await listen(this.#server, '127.0.0.1', 0));
    return this;
  }

  url(query: string): string {
    return `http://127.0.0.1:${this.port}/events/subscribe?${query}`;
  }

  follow(query: string, { token = 'ann', names = [] as readonly string[], lastId = '' } = {}): Follower {
    const follower = new Follower(this.url(query), token, names, lastId === '' ? undefined : lastId);
    this.#followers.push(follower);
    return follower;
  }

  /** Asks once and reads what comes up to the end, or the head alone of what goes on. */
  ask(
    path: string,
    { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
    return new Promise((resolve, reject) => {
      const asked = request({ port: this.port, path, method, headers, agent: false }, (response) => {
        const { statusCode: status = 0, headers: told } = response;
        if (status === 200 && told['content-type'] === 'text/event-stream' && method === 'GET') {
          resolve({ status, headers: told, body: '' });
          asked.destroy();
          return;
        }
        let body = '';
        response.setEncoding('utf8').on('data', (part: string) => {
          body += part;
        });
        response.on('end', () => resolve({ status, headers: told, body }));
      });
      asked.once('error', reject);
      asked.end();
    });
  }

  publish(topic: string, data: unknown, options: PublishOptions = {}): Promise<TopicMessage> {
    return this.hub.publish(topic, data, { sub: 'somebody', roles: ['user'], claims: {} }, options);
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = new PermissionPolicy(policies, {}, this.#policies);
    this.hub.reviewAll();
  }

  close(): void {
    for (const { source } of this.#followers) source.close();
    this.live.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #principalOf(token: string | undefined): Principal | undefined {
    if (token === undefined || token === 'forged' || token === 'expired') return undefined;
    const { expiresAtMs } = this;
    return { sub: token, roles: ['user'], claims: {}, ...(expiresAtMs !== undefined && { expiresAtMs }) };
  }
}
