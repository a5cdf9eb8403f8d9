import { randomUUID } from 'node:crypto';
import type { JsonFollower } from './JsonFollower.js';
import type { Accepted } from './judge.js';
import type { Nodes } from './Nodes.js';

const TICK_MS = 20;
/** Of so many messages one is published by a client of /ws. */
const BY_CLIENT = 5;

/**
 * Publishes numbers to streams at a steady rate, each request to the next node. None is tried again, but where a node was killed: then it goes to another one
 * under its id.
 */
export class Publisher {
  /** by stream */
  readonly accepted = new Map<string, Accepted[]>();
  readonly faults: string[] = [];
  readonly #nodes: Nodes;
  readonly #streams: readonly string[];
  readonly #clients: readonly JsonFollower[];
  readonly #pending = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  #drawn = 0;

  constructor(nodes: Nodes, streams: readonly string[], clients: readonly JsonFollower[]) {
    this.#nodes = nodes;
    this.#streams = streams;
    this.#clients = clients;
    for (const stream of streams) this.accepted.set(stream, []);
  }

  start(perSecond: number): void {
    let lastMs = performance.now();
    let owed = 0;
    this.#timer = setInterval(() => {
      const nowMs = performance.now();
      owed += ((nowMs - lastMs) * perSecond) / 1_000;
      lastMs = nowMs;
      for (; owed >= 1; owed--) this.#publishNext();
    }, TICK_MS);
  }

  /** No more is published; resolves when all of it is answered. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#pending);
  }

  async publishToAll(): Promise<void> {
    await Promise.all(this.#streams.map((stream) => this.#overHttp(stream, this.#drawn++)));
  }

  #publishNext(): void {
    const n = this.#drawn++;
    const client = this.#clients[n % this.#clients.length];
    const stream = this.#streams[n % this.#streams.length] as string;
    const published =
      n % BY_CLIENT === 0 && client !== undefined
        ? client.publish(n).then((offset) => this.#accept(client.stream, n, offset))
        : this.#overHttp(stream, n);
    this.#pending.add(published);
    void published.finally(() => this.#pending.delete(published));
  }

  async #overHttp(stream: string, n: number): Promise<void> {
    const id = randomUUID();
    for (;;) {
      const node = this.#nodes.next();
      try {
        const response = await fetch(`http://${node}/api/topics/stream/${stream}`, {
          method: 'POST',
          headers: { Authorization: `Bearer ${this.#nodes.token}` },
          body: JSON.stringify({ data: { n }, id }),
        });
        const answer = (await response.json()) as { readonly offset: number };
        if (response.ok) this.#accept(stream, n, answer.offset);
        else this.faults.push(`a publish was answered ${response.status} ${JSON.stringify(answer)}`);
        return;
      } catch (error) {
        const { message, cause } = error as Error;
        if (this.#nodes.isDead(node)) continue;
        this.faults.push(`a publish failed: ${message} ${String(cause ?? '')}`);
        return;
      }
    }
  }

  #accept(stream: string, n: number, offset: number): void {
    this.accepted.get(stream)?.push({ n, offset });
  }
}
