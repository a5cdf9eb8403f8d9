import type { Bus, BusListener, Draft, History, Position, Retention, TopicMessage } from './ports.js';

export interface SplitBusParts {
  /** carries topics between nodes */
  readonly shared: Bus;
  /** of topics that this node keeps for itself */
  readonly own: Bus;
  readonly isOwn: (topic: string) => boolean;
}

/** Two buses as one: topics of all nodes, and those that other nodes know nothing of. Which one a topic is never changes. */
export class SplitBus implements Bus {
  readonly #parts: SplitBusParts;

  constructor(parts: SplitBusParts) {
    this.#parts = parts;
  }

  async open(listener: BusListener): Promise<void> {
    await this.#parts.own.open(listener);
    await this.#parts.shared.open(listener);
  }

  get status(): 'ok' | 'degraded' {
    return this.#parts.shared.status;
  }

  listen(topic: string): void {
    this.#of(topic).listen(topic);
  }

  unlisten(topic: string): void {
    this.#of(topic).unlisten(topic);
  }

  send(draft: Draft): void {
    this.#of(draft.topic).send(draft);
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    return this.#of(draft.topic).append(draft, retention);
  }

  read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    return this.#of(topic).read(topic, after, limit);
  }

  async close(): Promise<void> {
    await this.#parts.shared.close();
    await this.#parts.own.close();
  }

  #of(topic: string): Bus {
    const { isOwn, own, shared } = this.#parts;
    return isOwn(topic) ? own : shared;
  }
}
