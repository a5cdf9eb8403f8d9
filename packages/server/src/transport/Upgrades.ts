import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Seat } from './HandshakeGuard.js';
import { refuseHandshake, refuseRequest } from './refuseRequest.js';
import type { Visitors } from './visitorsOf.js';

/** An upgrade that may come in, as far as can be said without a token. */
export interface Handshake {
  readonly request: IncomingMessage;
  readonly stream: Duplex;
  readonly head: Buffer;
  /** of the client, seen through trusted proxies */
  readonly address: string;
  /** free again when its stream is gone */
  readonly seat: Seat;
}

/** One kind of WebSocket. */
export interface UpgradeDoor {
  /** Opens a socket, or refuses it. */
  upgrade(handshake: Handshake): void;
  /** Who may come in, where the rules of clients are not those of the door: a place, or the HTTP status that refuses. */
  admit?(): Seat | number;
}

export interface UpgradesOptions extends Pick<Visitors, 'guard' | 'origins' | 'addresses'> {
  /** by path */
  readonly doors: ReadonlyMap<string, UpgradeDoor>;
  /** before the store is loaded, and while draining, handshakes are refused */
  readonly isReady: () => boolean;
  readonly wallMs: () => number;
  readonly onRefused: (status: number) => void;
}

/** The handler of the HTTP server's `upgrade`: tells the doors apart by path, and holds what is the same for all of them (WSJ-1). */
export class Upgrades {
  readonly #options: UpgradesOptions;

  constructor(options: UpgradesOptions) {
    this.#options = options;
  }

  take(request: IncomingMessage, stream: Duplex, head: Buffer): void {
    const { doors, addresses, origins, guard, isReady, wallMs, onRefused } = this.#options;
    stream.on('error', destroyIt);
    const door = doors.get((request.url ?? '/').split('?')[0] ?? '/');
    const address = addresses.of(request);
    const seat =
      request.headers.host === undefined || request.httpVersion !== '1.1'
        ? 400
        : door === undefined
          ? 404
          : door.admit !== undefined
            ? door.admit()
            : !isReady()
              ? 503
              : origins.mayConnect(request.headers)
                ? guard.admit(address, wallMs())
                : 403;
    if (typeof seat !== 'number') {
      // Whatever becomes of the handshake, the place is free again when its socket is gone.
      stream.once('close', seat.leave);
      return door?.upgrade({ request, stream, head, address, seat });
    }
    onRefused(seat);
    refuseRequest(stream, seat);
  }
}

/** Of all sockets: one that is made for each keeps the request alive as long as the socket. */
function destroyIt(this: Duplex): void {
  this.destroy();
}

/** The handler of the WebSocket server's `wsClientError`. */
export const refuseBroken = (_error: Error, stream: Duplex, request: IncomingMessage): void =>
  refuseHandshake(stream, request);
