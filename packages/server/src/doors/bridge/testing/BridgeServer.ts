import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
} from 'node:http';
import { parseConfig } from '../../../config/load.js';
import type { ServerConfigInput } from '../../../config/schema.js';
import { Guests } from '../../../interceptors/Guests.js';
import { PermissionPolicy } from '../../../security/PermissionPolicy.js';
import { LocalBus } from '../../../topics/LocalBus.js';
import { MemoryLog } from '../../../topics/log/MemoryLog.js';
import { Offsets } from '../../../topics/log/Offsets.js';
import { Namespaces } from '../../../topics/Namespaces.js';
import type { LogStore } from '../../../topics/ports.js';
import { TopicHub } from '../../../topics/TopicHub.js';
import { topicGate } from '../../../topics/topicGate.js';
import { type Visitors, visitorsOf } from '../../../transport/visitorsOf.js';
import { createLogger } from '../../../utils/logger.js';
import { nextTurn } from '../../../utils/nextTurn.js';
import { ConnectionQuota } from '../../ConnectionQuota.js';
import { HttpRouter } from '../../HttpRouter.js';
import { HeldConnections } from '../../held/HeldConnections.js';
import { Reader } from '../../held/testing/HeldServer.js';
import { listen } from '../../listen.js';
import { BridgeDoor } from '../BridgeDoor.js';
import { BRIDGE_POLICY } from '../bridgePolicy.js';
import { mailboxNamespace } from '../mailboxNamespace.js';

export const NOW = Date.UTC(2026, 0, 1);
/** A client id made of one digit. */
export const clientId = (digit: string): string => digit.repeat(64);

export interface Asked {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A connection that hears. */
export interface Heard {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly source: IncomingMessage;
  readonly reader: Reader;
  close(): void;
}

/** The bridge over a log in memory and a real HTTP server, on clocks that the test turns. */
export class BridgeServer {
  /** wall clock, of messages; and that of the held connections */
  nowMs = NOW;
  monoMs = 0;
  isServing = true;
  readonly logged: object[] = [];
  /** client ids of each connection */
  readonly heard: number[] = [];
  readonly limits;
  readonly door: BridgeDoor;
  readonly held: HeldConnections;
  readonly hub: TopicHub;
  port = 0;
  readonly #queues: Visitors['queues'];
  readonly #server: Server;
  readonly #clients: { destroy(): unknown }[] = [];

  constructor(
    input: ServerConfigInput = {},
    wrap: (log: LogStore) => Pick<LogStore, 'append' | 'read'> = (log) => log,
  ) {
    const config = parseConfig({ bridge: true, trustedProxies: ['127.0.0.1'], ...input });
    const wallMs = (): number => this.nowMs;
    const log = new MemoryLog({ epoch: 'e', offsets: new Offsets(wallMs), wallMs });
    const bus = new LocalBus(wrap(log));
    const inForce = new PermissionPolicy([BRIDGE_POLICY]);
    let ids = 0;
    this.hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: new Namespaces([mailboxNamespace(config)]),
      gate: topicGate(() => ({ inForce, denied: () => undefined }), wallMs),
      nodeId: 'n',
      wallMs,
      drawId: () => `m${++ids}`,
    });
    void bus.open(this.hub);
    const visitors = visitorsOf(config);
    this.limits = visitors.limits;
    this.#queues = visitors.queues;
    this.held = new HeldConnections({
      limits: visitors.limits,
      queues: visitors.queues,
      monoMs: () => this.monoMs,
      random: () => 0.5,
    });
    const note = (fields: object): void => void this.logged.push(fields);
    this.door = new BridgeDoor({
      config,
      home: this.held,
      guests: new Guests([], createLogger('silent')),
      quota: new ConnectionQuota(config, visitors.limits),
      topics: () => (this.isServing ? this.hub : undefined),
      wallMs,
      version: '1.2.3',
      logger: { warn: note, error: note },
      limits: visitors.limits,
      onHeard: (clientIds) => void this.heard.push(clientIds),
    });
    const router = new HttpRouter({
      routes: this.door.routes(),
      principalOf: async () => undefined,
      loopbackOnly: false,
      visitors,
      watch: {
        begin: () => ({ requestId: 'r', route: 'none', remote: '', answered: () => undefined }),
        failed: (_, error) => note({ failed: error }),
      },
    });
    this.#server = createServer(router.listener);
  }

  async listen(): Promise<this> {
    ({ port: this.port } = await listen(this.#server, '127.0.0.1', 0));
    return this;
  }

  /** Turns the clock of the held connections, second by second. */
  pass(ms: number): void {
    for (const end = this.monoMs + ms; this.monoMs < end; ) {
      this.monoMs = Math.min(end, this.monoMs + 1_000);
      this.held.tick(this.monoMs);
      this.#queues.watch(this.monoMs);
    }
  }

  ask(method: string, path: string, body = '', headers: Record<string, string> = {}): Promise<Asked> {
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port: this.port, path, method, headers, agent: false },
        async (response) => {
          let text = '';
          for await (const part of response) text += String(part);
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
        },
      );
      asked.on('error', reject).end(body);
    });
  }

  post(
    from: string,
    to: string,
    body: string,
    rest = '',
    headers: Record<string, string> = {},
  ): Promise<Asked> {
    const query = `client_id=${from}&to=${to}&ttl=300${rest}`;
    return this.ask('POST', `/bridge/message?${query}`, body, headers);
  }

  /** A connection that hears; it is open when its head is there. */
  hear(query: string, headers: Record<string, string> = {}): Promise<Heard> {
    return new Promise((resolve, reject) => {
      const asked = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path: `/bridge/events?${query}`,
          headers: { Connection: 'keep-alive', ...headers },
          agent: false,
        },
        (response) => {
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            source: response,
            reader: new Reader(response),
            close: () => asked.destroy(),
          });
        },
      );
      asked.on('error', reject).end();
      this.#clients.push(asked);
    });
  }

  close(): void {
    for (const client of this.#clients) client.destroy();
    this.held.close();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** Messages of a stream, as its text holds them. */
export function messagesIn(text: string): { readonly id: number; readonly data: Record<string, string> }[] {
  return [...text.matchAll(/event: message\nid: (\d+)\ndata: (.*)\n\n/g)].map(([, id, data]) => ({
    id: Number(id),
    data: JSON.parse(data ?? '') as Record<string, string>,
  }));
}
