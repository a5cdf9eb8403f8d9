import { createServer, type Server } from 'node:http';
import { SignJWT } from 'jose';
import { parseConfig } from '../../../config/load.js';
import type { ServerConfig, ServerConfigInput } from '../../../config/schema.js';
import { Denials } from '../../../engine/Denials.js';
import { Guests } from '../../../interceptors/Guests.js';
import type { Interceptor } from '../../../interceptors/Interceptor.js';
import { PermissionPolicy, type Policy } from '../../../security/PermissionPolicy.js';
import { SecurityManager } from '../../../security/SecurityManager.js';
import { LocalBus } from '../../../topics/LocalBus.js';
import { createTopicLog } from '../../../topics/log/createTopicLog.js';
import { Namespaces } from '../../../topics/Namespaces.js';
import type { Namespace } from '../../../topics/ports.js';
import { TopicHub } from '../../../topics/TopicHub.js';
import { type TopicPolicies, topicGate } from '../../../topics/topicGate.js';
import { Upgrades } from '../../../transport/Upgrades.js';
import { type Visitors, visitorsOf } from '../../../transport/visitorsOf.js';
import { createLogger } from '../../../utils/logger.js';
import { nextTurn } from '../../../utils/nextTurn.js';
import { ConnectionQuota } from '../../ConnectionQuota.js';
import { listen } from '../../listen.js';
import { JsonDoor } from '../JsonDoor.js';
import { JsonClient, type Opening } from './JsonClient.js';

export const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

/** Everybody in the own tenant, to oneself, to the own rooms; everybody hears what is for all. */
export const POLICIES: readonly Policy[] = [
  { role: '*', map: 'topic:tenant/{tenant_id}', actions: ['READ', 'PUT'] },
  { role: '*', map: 'topic:user/{sub}', actions: ['READ'] },
  { role: 'user', map: 'topic:user/*', actions: ['PUT'] },
  { role: '*', map: 'topic:global', actions: ['READ', 'PUT'] },
  { role: '*', map: 'topic:system', actions: ['READ', 'PUT'] },
  { role: 'user', map: 'topic:open:**', actions: ['READ', 'PUT'] },
  { role: 'user', map: 'topic:room/**', actions: ['READ', 'PUT'] },
];

export interface DoorRigOptions {
  readonly config?: ServerConfigInput;
  readonly policies?: readonly Policy[];
  readonly namespaces?: readonly Namespace[];
  readonly interceptors?: readonly Interceptor[];
}

const BEGAN_AT_MS = 1_800_000_000_000;

/** The door on a real port and a real hub, on clocks that stand still until a test turns them. */
export class DoorRig {
  readonly config: ServerConfig;
  readonly visitors: Visitors;
  readonly security: SecurityManager;
  readonly hub: TopicHub;
  readonly door: JsonDoor;
  readonly refused: number[] = [];
  readonly log: unknown[] = [];
  readonly lags: number[] = [];
  readonly #server: Server;
  readonly #clients: JsonClient[] = [];
  isReady = true;
  /** how far the clocks were turned */
  aheadMs = 0;
  port = 0;
  #policies: PermissionPolicy;

  private constructor(
    security: SecurityManager,
    { config, policies = POLICIES, namespaces = [], interceptors = [] }: DoorRigOptions,
  ) {
    this.config = parseConfig({ jwtSecret: SECRET, ...config });
    this.visitors = visitorsOf(this.config);
    this.security = security;
    this.#policies = new PermissionPolicy(policies);
    const denials = new Denials(100);
    const current = (): PermissionPolicy => this.#policies;
    const wallMs = (): number => this.wallMs;
    const book: TopicPolicies = {
      get inForce() {
        return current();
      },
      denied: (who, denied, now) => denials.note(current(), who, denied, now),
    };
    const names = new Namespaces(namespaces);
    const bus = new LocalBus(
      createTopicLog({
        storage: 'memory',
        dataDir: '',
        isDurable: () => false,
        wallMs,
        onStopped: () => undefined,
      }),
    );
    let ids = 0;
    this.hub = new TopicHub({
      nextTurn,
      bus,
      namespaces: names,
      gate: topicGate(() => book, wallMs),
      nodeId: 'node-1',
      wallMs,
      drawId: () => `id-${++ids}`,
    });
    void bus.open(this.hub);
    const note = (fields: unknown, text: string): void => void this.log.push([fields, text]);
    this.door = new JsonDoor({
      ...this.visitors,
      config: this.config,
      topics: () => this.hub,
      security: () => this.security,
      guests: new Guests(interceptors, createLogger('silent')),
      quota: new ConnectionQuota(this.config, this.visitors.limits),
      logger: { info: note, error: note } as unknown as ConstructorParameters<typeof JsonDoor>[0]['logger'],
      meter: { lagged: (ms) => this.lags.push(ms), lasted: () => undefined },
      onHandshakeRefused: (status) => this.refused.push(status),
      wallMs,
      monoMs: () => this.aheadMs,
      random: () => 0.5,
    });
    const upgrades = new Upgrades({
      ...this.visitors,
      doors: new Map([['/ws', this.door]]),
      isReady: () => this.isReady,
      wallMs,
      onRefused: (status) => this.refused.push(status),
    });
    this.#server = createServer();
    this.#server.on('upgrade', (request, stream, head) => upgrades.take(request, stream, head));
  }

  static async open(options: DoorRigOptions = {}): Promise<DoorRig> {
    const config = parseConfig({ jwtSecret: SECRET, ...options.config });
    const rig = new DoorRig(await SecurityManager.create(config), options);
    rig.port = (await listen(rig.#server, '127.0.0.1', 0)).port;
    return rig;
  }

  get wallMs(): number {
    return BEGAN_AT_MS + this.aheadMs;
  }

  setPolicies(policies: readonly Policy[]): void {
    this.#policies = new PermissionPolicy(policies, {}, this.#policies);
    this.hub.reviewAll();
  }

  /** Both clocks go on. */
  pass(ms: number): void {
    this.aheadMs += ms;
    this.door.tick();
  }

  /** Time goes by in steps, in each of which every client answers what it is asked. */
  async live(ms: number, stepMs = 20_000): Promise<void> {
    for (let passed = 0; passed < ms; passed += stepMs) {
      this.pass(Math.min(stepMs, ms - passed));
      await Promise.all(this.#clients.map((client) => client.beat()));
    }
  }

  /** A token for half an hour, in the tenant acme, with the scope; `claims` take the place of these. */
  async token(sub = 'ann', claims: Record<string, unknown> = {}, key = SECRET): Promise<string> {
    const now = Math.floor(this.wallMs / 1000);
    const all = {
      tenant_id: 'acme',
      roles: ['user'],
      scope: 'chat ws:connect',
      iss: 'topgun',
      aud: 'topgun',
      sub,
      exp: now + 1_800,
      iat: now,
      ...claims,
    };
    return new SignJWT(all).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode(key));
  }

  /** A socket, whoever it is from; or the status that refused it. */
  async shake(opening: Opening = {}): Promise<JsonClient | number> {
    const opened = await JsonClient.open(this.port, opening);
    if (typeof opened !== 'number') this.#clients.push(opened);
    return opened;
  }

  /** A client that has been welcomed, and has joined its own channels. */
  async connect(
    sub = 'ann',
    claims: Record<string, unknown> = {},
    opening: Opening = {},
  ): Promise<JsonClient> {
    const client = await this.shake({ header: `Bearer ${await this.token(sub, claims)}`, ...opening });
    if (typeof client === 'number') throw new Error(`The handshake was answered ${client}.`);
    await client.take('system');
    await client.settle();
    client.drain('subscribed');
    return client;
  }

  async close(): Promise<void> {
    for (const client of this.#clients) client.ws.terminate();
    await this.door.drain(500);
    this.door.close();
    this.hub.close();
    this.#server.closeAllConnections();
    this.#server.close();
  }
}
