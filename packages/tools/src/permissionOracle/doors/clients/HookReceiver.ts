import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Principal } from '@topgun/server/engine';
import { Person, Viewer } from '@topgun/sim/internal/oracle/Viewer';
import type { Around } from '../Around.js';

/** An address outside that several subscriptions are told to, each by a path of its own. */
export class HookReceiver {
  readonly #around: Around;
  readonly #server: Server;
  readonly #viewers = new Map<string, Viewer>();

  constructor(around: Around) {
    this.#around = around;
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        this.#told(request.url ?? '', request.rawHeaders, Buffer.concat(parts));
        response.writeHead(204).end();
      });
    });
  }

  async listen(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  /** An address for what somebody subscribes, who sees as with the token that it was made with. */
  addressFor(principal: Principal): string {
    const path = `/${this.#viewers.size}`;
    const viewer = new Viewer(this.#around.data);
    viewer.become({ principal, policies: this.#around.policies }, new Person());
    this.#viewers.set(path, viewer);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}${path}`;
  }

  get viewers(): readonly Viewer[] {
    return [...this.#viewers.values()];
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #told(path: string, headers: readonly string[], body: Buffer): void {
    const viewer = this.#viewers.get(path);
    if (viewer === undefined) throw new Error(`Nobody subscribed ${path}.`);
    // Made by the server.
    const { type, data } = JSON.parse(body.toString()) as {
      type: string;
      data: { topic: string; data: unknown };
    };
    const outlet =
      type === 'topic.message'
        ? 'webhook topic'
        : type === 'record.put'
          ? 'webhook record'
          : 'webhook removal';
    const shown = type === 'topic.message' ? [{ topics: [data.topic], data: data.data }] : [];
    this.#around.left(outlet, viewer, Buffer.concat([Buffer.from(headers.join('\n')), body]), shown);
  }
}
