import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A service outside that is told of writes: it remembers the keys, and is unwell when it first hears of every fiftieth. */
export class Receiver {
  readonly keys = new Set<string>();
  readonly #ids = new Set<string>();
  readonly #server: Server;
  deliveries = 0;
  repeated = 0;

  constructor() {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (part: string) => {
        body += part;
      });
      request.on('end', () => {
        const { type, data } = JSON.parse(body) as { type: string; data: { key: string } };
        const id = String(request.headers['webhook-id']);
        this.deliveries++;
        // Once for each, for the third try is minutes away.
        const isUnwell = this.deliveries % 50 === 0 && !this.#ids.has(id);
        if (this.#ids.has(id)) this.repeated++;
        this.#ids.add(id);
        if (!isUnwell && type === 'record.put') this.keys.add(data.key);
        response.writeHead(isUnwell ? 503 : 204).end();
      });
    });
  }

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/hook`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
