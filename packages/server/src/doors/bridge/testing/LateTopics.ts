import type {
  History,
  Position,
  SharedMessage,
  Subscribed,
  Subscriber,
  TopicMessage,
  Topics,
} from '../../../topics/ports.js';

/**
 * Topics of one log as a reader must expect them at worst: what was accepted is in the log at once, and the subscribers hear of it later, in
 * the order of the log; a read shows what stood there at some moment between its call and its answer.
 */
export class LateTopics implements Pick<Topics, 'subscribe' | 'unsubscribe' | 'history'> {
  readonly log: TopicMessage[] = [];
  readonly #hearers = new Map<string, Set<Subscriber>>();
  readonly #turns: () => number;
  #undelivered: TopicMessage[] = [];
  #offset = 0;

  /** `turns`: draws how long something takes, in turns of the queue of microtasks. */
  constructor(turns: () => number) {
    this.#turns = turns;
  }

  get hearers(): number {
    return this.#hearers.size;
  }

  accept(topic: string, gap = 1): TopicMessage {
    this.#offset += gap;
    const message: TopicMessage = {
      topic,
      id: String(this.#offset),
      epoch: 'e',
      offset: this.#offset,
      name: 'message',
      data: {},
      from: '',
      node: 'n',
      ts: 0,
    };
    this.log.push(message);
    this.#undelivered.push(message);
    return message;
  }

  /** Tells of all that was accepted. */
  deliver(): void {
    const messages = this.#undelivered;
    this.#undelivered = [];
    for (const message of messages) {
      const shared: SharedMessage = { message, encoded: (_form, make) => make(message) };
      for (const hearer of [...(this.#hearers.get(message.topic) ?? [])]) hearer.deliver(shared);
    }
  }

  /** Forgets to tell of what was accepted; the bus says so. */
  lose(): void {
    const topics = new Set(this.#undelivered.map(({ topic }) => topic));
    this.#undelivered = [];
    for (const topic of topics) for (const hearer of this.#hearers.get(topic) ?? []) hearer.lost(topic);
  }

  async subscribe(topic: string, subscriber: Subscriber): Promise<Subscribed> {
    await this.#wait();
    const hearers = this.#hearers.get(topic) ?? new Set();
    this.#hearers.set(topic, hearers.add(subscriber));
    await this.#wait();
    return { recovered: true, position: { epoch: 'e', offset: 0 } };
  }

  unsubscribe(topic: string, subscriber: Subscriber): void {
    const hearers = this.#hearers.get(topic);
    hearers?.delete(subscriber);
    if (hearers?.size === 0) this.#hearers.delete(topic);
  }

  async history(
    topic: string,
    _principal: unknown,
    after: Position | undefined,
    limit: number,
  ): Promise<History> {
    await this.#wait();
    const held = this.log.filter(
      (message) => message.topic === topic && message.offset > (after?.offset ?? 0),
    );
    await this.#wait();
    const messages = held.slice(0, limit);
    return {
      messages,
      recovered: true,
      latest: { epoch: 'e', offset: held.at(-1)?.offset ?? after?.offset ?? 0 },
      hasMore: held.length > limit,
    };
  }

  async #wait(): Promise<void> {
    for (let turns = this.#turns(); turns > 0; turns--) await Promise.resolve();
  }
}
