import { LIMITS } from '@topgun/protocol';

/** What is said to another node about what this one listens to. */
export interface ListeningPort {
  /** to be answered by `acknowledged` once the node tells this one of these topics */
  listen(node: string, number: number, topics: readonly string[]): void;
  unlisten(node: string, topics: readonly string[]): void;
}

/** What a linked node was told, by the numbers of requests. */
interface Peer {
  asked: number;
  acknowledged: number;
}

interface Waiter {
  readonly isOver: () => boolean;
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
  /** that are linked */
  readonly #peers = new Map<string, Peer>();
  #number = 0;
  /** those of this turn, which go together */
  #unsaid: string[] = [];
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
    if (this.#unsaid.length === 0) queueMicrotask(() => this.#sayAll());
    this.#unsaid.push(topic);
    return true;
  }

  remove(topic: string): void {
    if (!this.#numbers.delete(topic)) return;
    this.#sayAll();
    for (const node of this.#peers.keys()) this.#port.unlisten(node, [topic]);
  }

  /** A node is linked: it is told all. */
  up(node: string): void {
    this.#sayAll();
    this.#peers.set(node, { asked: 0, acknowledged: 0 });
    this.#number++;
    this.#say(node, [...this.#numbers.keys()]);
  }

  down(node: string): void {
    this.#peers.delete(node);
    this.#settle();
  }

  acknowledged(node: string, number: number): void {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.acknowledged >= number) return;
    peer.acknowledged = number;
    this.#settle();
  }

  /** Resolves when all nodes that are linked tell this one of the topic; without one, of all that they have been told of by now. */
  stands(topic?: string): Promise<void> {
    const isOver = topic === undefined ? this.#allOfNow() : this.#all(this.#numbers.get(topic) ?? 0);
    if (isOver()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ isOver, resolve }));
  }

  #all(number: number): () => boolean {
    return () => {
      for (const { acknowledged } of this.#peers.values()) if (acknowledged < number) return false;
      return true;
    };
  }

  #allOfNow(): () => boolean {
    const asked = [...this.#peers].map(([node, peer]) => [node, peer.asked] as const);
    return () =>
      asked.every(([node, number]) => (this.#peers.get(node)?.acknowledged ?? Number.MAX_VALUE) >= number);
  }

  #sayAll(): void {
    const topics = this.#unsaid;
    this.#unsaid = [];
    if (topics.length > 0) for (const node of this.#peers.keys()) this.#say(node, topics);
  }

  #say(node: string, topics: readonly string[]): void {
    const peer = this.#peers.get(node);
    if (peer !== undefined) peer.asked = this.#number;
    // The last part is the one that counts.
    const last = Math.max(0, Math.ceil(topics.length / LIMITS.linkTopics) - 1);
    for (let part = 0; part <= last; part++) {
      const some = topics.slice(part * LIMITS.linkTopics, (part + 1) * LIMITS.linkTopics);
      this.#port.listen(node, part === last ? this.#number : 0, some);
    }
  }

  #settle(): void {
    const still: Waiter[] = [];
    for (const waiter of this.#waiting) {
      if (waiter.isOver()) waiter.resolve();
      else still.push(waiter);
    }
    this.#waiting = still;
  }
}
