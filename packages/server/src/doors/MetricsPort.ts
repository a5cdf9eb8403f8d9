import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { LIMITS } from '@topgun/protocol';
import { isLoopback } from '../security/loopback.js';
import { HttpRouter } from './HttpRouter.js';
import type { HttpWatch } from './HttpWatch.js';
import { listen } from './listen.js';
import type { Route } from './Route.js';

/** A port beside the main one, for those who watch the server: metrics and probes, and nothing else. Plain HTTP. */
export class MetricsPort {
  readonly #server: Server;
  readonly #host: string;
  readonly #port: number;

  constructor(host: string, port: number, routes: readonly Route[], watch: HttpWatch) {
    this.#host = host;
    this.#port = port;
    this.#server = createServer({
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.headersMs,
      requestTimeout: LIMITS.requestMs,
    });
    // No page may read it by a name of its own that points here.
    const loopbackOnly = isLoopback(host);
    const router = new HttpRouter({ routes, principalOf: async () => undefined, loopbackOnly, watch });
    this.#server.on('request', router.listener);
  }

  /** Throws PORT_IN_USE and LISTEN_FAILED. */
  async open(): Promise<{ readonly host: string; readonly port: number }> {
    return listen(this.#server, this.#host, this.#port);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }
}
