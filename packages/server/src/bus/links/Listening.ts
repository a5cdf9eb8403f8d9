import { LIMITS } from '@topgun/protocol';

/** What is said to another node about what this one listens to. */
export interface ListeningPort {
  /** to be answered by `acknowledged` once the node tells this one of these topics */
  listen(node: string, number: number, topics: readonly string[]): void;
  unlisten(node: string, topics: readonly string[]): void;
}

interface Waiter {
  readonly number: number;
  readonly resolve: () => void;
}

/**
 * The topics that this node listens to, and which of the others know that. What a node sends after it has acknowledged a topic comes here;
 * what it appended before is in the log: so whoever reads the log after all have acknowledged misses nothing.
 */
export class Listening {
  readonly #port: ListeningPort;
  /** with the number of the request that names it first */
  readonly #numbers = new Map<string, number>();
  /** by linked node: the last request that it has acknowledged */
  readonly #acknowledged = new Map<string, number>();
  #number = 0;
  #waiting: Waiter[] = [];

  constructor(port: ListeningPort) {
    this.#port = port;
  }

  get size(): number {
    return this.#numbers.size;
  }

  has(topic: string): boolean {
    return this.#numbers.has(topic);
  }

  /** False where it was there already. */
  add(topic: string): boolean {
    if (this.#numbers.has(topic)) return false;
    this.#number++;
    this.#numbers.set(topic, this.#number);
    for (const node of this.#acknowledged.keys()) this.#port.listen(node, this.#number, [topic]);
    return true;
  }

  remove(topic: string): void {
    if (!this.#numbers.delete(topic)) return;
    for (const node of this.#acknowledged.keys()) this.#port.unlisten(node, [topic]);
  }

  /** A node is linked: it is told all. */
  up(node: string): void {
    this.#acknowledged.set(node, 0);
    const topics = [...this.#numbers.keys()];
    this.#number++;
    // The last part is the one that counts.
    const last = Math.max(0, Math.ceil(topics.length / LIMITS.linkTopics) - 1);
    for (let part = 0; part <= last; part++) {
      const some = topics.slice(part * LIMITS.linkTopics, (part + 1) * LIMITS.linkTopics);
      this.#port.listen(node, part === last ? this.#number : 0, some);
    }
  }

  down(node: string): void {
    this.#acknowledged.delete(node);
    this.#settle();
  }

  acknowledged(node: string, number: number): void {
    const known = this.#acknowledged.get(node);
    if (known === undefined || known >= number) return;
    this.#acknowledged.set(node, number);
    this.#settle();
  }

  /** Resolves when all nodes that are linked tell this one of the topic. */
  stands(topic: string): Promise<void> {
    const number = this.#numbers.get(topic) ?? 0;
    if (this.#isKnown(number)) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ number, resolve }));
  }

  #isKnown(number: number): boolean {
    for (const acknowledged of this.#acknowledged.values()) if (acknowledged < number) return false;
    return true;
  }

  #settle(): void {
    const still: Waiter[] = [];
    for (const entry of this.#waiting) {
      if (this.#isKnown(entry.number)) entry.resolve();
      else still.push(entry);
    }
    this.#waiting = still;
  }
}
