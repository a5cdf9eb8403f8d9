import type { Nodes } from './Nodes.js';

/** A client that hears one stream, whatever becomes of the node it is connected to. */
export abstract class Follower {
  abstract readonly kind: 'SSE' | '/ws' | 'binary';
  readonly stream: string;
  /** numbers of messages, as they came */
  readonly heard: number[] = [];
  /** what must not happen */
  readonly faults: string[] = [];
  isOpen = false;
  /** connections that ended as they were announced to */
  leaves = 0;
  /** connections and attempts that ended with a node that was killed */
  cuts = 0;
  /** the node that it is connected to, or tries */
  #at = '';
  protected readonly nodes: Nodes;

  constructor(nodes: Nodes, stream: string) {
    this.nodes = nodes;
    this.stream = stream;
  }

  abstract open(): void;
  abstract close(): Promise<void>;

  protected hear(data: unknown): void {
    this.heard.push(Number((data as { readonly n: unknown }).n));
  }

  protected nextNode(): string {
    this.#at = this.nodes.next();
    return this.#at;
  }

  /** The connection ended without a word. */
  protected cut(text: string): void {
    if (this.nodes.isDead(this.#at)) this.cuts++;
    else this.fault(text);
  }

  protected fault(text: string): void {
    this.faults.push(`${this.kind} on stream ${this.stream}: ${text}`);
  }
}
