import type { Draft, History, LogStore, Position, Retention, TopicMessage } from '../ports.js';

export interface SplitLogParts {
  readonly durable: LogStore;
  readonly volatile: LogStore;
  /** of a topic; as the retention says that it is appended with */
  readonly isDurable: (topic: string) => boolean;
}

/** Two logs as one: topics that must survive the process, and those that need not wait for the disk. */
export class SplitLog implements LogStore {
  readonly #parts: SplitLogParts;

  constructor(parts: SplitLogParts) {
    this.#parts = parts;
  }

  open(): Promise<void> {
    return this.#parts.durable.open();
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    return this.#of(draft.topic).append(draft, retention);
  }

  read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    return this.#of(topic).read(topic, after, limit);
  }

  async sweep(nowMs: number): Promise<boolean> {
    const { durable, volatile } = this.#parts;
    const more = await Promise.all([durable.sweep(nowMs), volatile.sweep(nowMs)]);
    return more.some(Boolean);
  }

  stats(): ReturnType<LogStore['stats']> {
    const a = this.#parts.durable.stats();
    const b = this.#parts.volatile.stats();
    return {
      topics: a.topics + b.topics,
      messages: a.messages + b.messages,
      bytes: a.bytes + b.bytes,
      expired: a.expired + b.expired,
    };
  }

  close(): Promise<void> {
    return this.#parts.durable.close();
  }

  #of(topic: string): LogStore {
    return this.#parts.isDurable(topic) ? this.#parts.durable : this.#parts.volatile;
  }
}
