import type { ServerConfig } from '../config/schema.js';
import { Guests } from '../interceptors/Guests.js';
import type { Interceptor } from '../interceptors/Interceptor.js';
import type { Principal } from '../security/PermissionPolicy.js';
import type { Topics } from '../topics/ports.js';
import { type UpgradeDoor, Upgrades } from '../transport/Upgrades.js';
import type { Visitors } from '../transport/visitorsOf.js';
import type { Logger } from '../utils/logger.js';
import { serverVersion } from '../version.js';
import { BridgeDoor, type BridgeFigures } from './bridge/BridgeDoor.js';
import { ConnectionQuota, type Door, type DoorFigures } from './ConnectionQuota.js';
import { HeldConnections, type HeldFigures } from './held/HeldConnections.js';
import type { Route } from './Route.js';
import { SseDoor } from './sse/SseDoor.js';
import { JsonDoor } from './ws/JsonDoor.js';
import type { JsonDoorParts } from './ws/JsonDoorParts.js';
import type { JsonFigures } from './ws/Roster.js';
import { websocketRoutes } from './ws/websocketRoutes.js';

/** What measures the doors. */
export interface DoorWatch {
  readonly metrics: {
    messageLag(ms: number): void;
    connectionLasted(ms: number): void;
    bridgeHeard(clientIds: number): void;
  };
  handshakeRefused(status: number): void;
}

export interface LiveDoorsParts {
  readonly config: ServerConfig;
  readonly visitors: Visitors;
  /** undefined while nobody is to be let in: before the server is ready, and while it drains */
  readonly topics: () => Topics | undefined;
  readonly wallMs: () => number;
  readonly logger: Logger;
  /** whom the program has asked to be told of who comes and goes */
  readonly interceptors?: readonly Interceptor[] | undefined;
  /** undefined before the server is ready */
  readonly security: JsonDoorParts['security'];
  /** asked for when there is something to measure */
  readonly watch: () => DoorWatch;
  /** where other nodes come in; undefined: the server is alone */
  readonly cluster?: UpgradeDoor | undefined;
}

/** What the doors hold open, for metrics. */
export interface LiveFigures {
  readonly held: HeldFigures;
  readonly doors: Readonly<Record<Door, DoorFigures>>;
  /** where it is on */
  readonly bridge: BridgeFigures | undefined;
  /** where it is on */
  readonly json: JsonFigures | undefined;
}

/** The doors that hold connections open, made and connected: one quota, one registry with its timer, one drain for all. */
export class LiveDoors {
  readonly quota: ConnectionQuota;
  readonly held: HeldConnections;
  readonly #sse: SseDoor;
  readonly #bridge: BridgeDoor | undefined;
  readonly #json: JsonDoor | undefined;
  readonly #parts: LiveDoorsParts;

  constructor(parts: LiveDoorsParts) {
    this.#parts = parts;
    const { config, topics, wallMs, watch } = parts;
    const { limits, queues } = parts.visitors;
    this.quota = new ConnectionQuota(config, limits);
    this.held = new HeldConnections({ limits, queues });
    const guests = new Guests(parts.interceptors ?? [], parts.logger);
    const shared = { config, home: this.held, quota: this.quota, guests, topics, wallMs };
    const isOut = (principal: Principal): boolean =>
      parts.security()?.objectionTo(principal, wallMs()) !== undefined;
    this.#sse = new SseDoor({ ...shared, isOut });
    if (config.bridge)
      this.#bridge = new BridgeDoor({
        ...shared,
        limits,
        version: serverVersion,
        logger: parts.logger,
        onHeard: (clientIds) => watch().metrics.bridgeHeard(clientIds),
      });
    if (config.ws) this.#json = new JsonDoor({ ...parts, ...parts.visitors, ...shared, ...watched(parts) });
  }

  /** Who asks for a WebSocket: at / it is the binary one. Nobody is let in any more once the connections that are open are asked to leave. */
  upgrades(binary: UpgradeDoor, isReady: () => boolean): Upgrades {
    const { visitors, wallMs, watch, cluster } = this.#parts;
    const doors = new Map([['/', binary]]);
    if (cluster !== undefined) doors.set('/cluster', cluster);
    if (this.#json !== undefined) doors.set('/ws', this.#json);
    return new Upgrades({
      ...visitors,
      doors,
      isReady: () => isReady() && !this.held.isDraining,
      wallMs,
      onRefused: (status) => watch().handshakeRefused(status),
    });
  }

  /** The topics are open. */
  opened(): void {
    this.#bridge?.opened();
  }

  routes(): Route[] {
    const ofJson = this.#json === undefined ? [] : websocketRoutes(this.#json);
    return [...this.#sse.routes(), ...(this.#bridge?.routes() ?? []), ...ofJson];
  }

  /** Other tokens are believed than before: connections whose token is not one of them end. */
  judgeTokens(isOut: (principal: Principal) => boolean): void {
    this.held.judge(({ principal }) => principal !== undefined && isOut(principal));
    this.#json?.judgeTokens();
  }

  /** Asks all to come back elsewhere; resolves when they are gone, at most after `waitMs`. */
  async drain(waitMs: number): Promise<void> {
    await Promise.all([this.held.drain(waitMs), this.#json?.drain(waitMs)]);
  }

  /** Cuts what is left. */
  close(): void {
    this.held.close();
    this.#json?.close();
  }

  figures(): LiveFigures {
    const { quota } = this;
    return {
      held: this.held.stats(),
      bridge: this.#bridge?.figures(),
      json: this.#json?.figures(),
      doors: { sse: quota.stats('sse'), bridge: quota.stats('bridge'), ws: quota.stats('ws') },
    };
  }
}

const watched = ({ watch }: LiveDoorsParts): Pick<JsonDoorParts, 'meter' | 'onHandshakeRefused'> => ({
  meter: {
    lagged: (ms) => watch().metrics.messageLag(ms),
    lasted: (ms) => watch().metrics.connectionLasted(ms),
  },
  onHandshakeRefused: (status) => watch().handshakeRefused(status),
});
