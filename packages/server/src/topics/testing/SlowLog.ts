import type { Draft, History, LogStore, Position, Retention, TopicMessage } from '../ports.js';

/** A log in memory whose answers come when the test says so: appends in order, reads in any order, seen as it was at some moment in between. */
export class SlowLog implements Pick<LogStore, 'append' | 'read'> {
  readonly epoch = 'e1';
  readonly stored: TopicMessage[] = [];
  appendFault: Error | undefined;
  readFault: Error | undefined;
  /** accepted, and not in the log yet */
  readonly #appends: (() => void)[] = [];
  /** in the log, and not answered yet */
  readonly #answers: (() => void)[] = [];
  /** asked, and not looked up yet */
  readonly #reads: (() => void)[] = [];
  /** looked up, and not answered yet */
  readonly #found: (() => void)[] = [];

  append(draft: Draft, _retention: Retention): Promise<TopicMessage> {
    return new Promise((resolve, reject) => {
      this.#appends.push(() => {
        const { appendFault } = this;
        if (appendFault !== undefined) {
          this.#answers.push(() => reject(appendFault));
          return;
        }
        const message = { ...draft, epoch: this.epoch, offset: this.stored.length + 1 };
        this.stored.push(message);
        this.#answers.push(() => resolve(message));
      });
    });
  }

  read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    return new Promise((resolve, reject) => {
      this.#reads.push(() => {
        const { readFault } = this;
        if (readFault !== undefined) this.#found.push(() => reject(readFault));
        else {
          const history = this.#look(topic, after, limit);
          this.#found.push(() => resolve(history));
        }
      });
    });
  }

  /** Does one thing that is due, `draw` of a number below `n` says which; false where nothing is. */
  step(draw: (n: number) => number): boolean {
    const queues = [this.#appends, this.#answers, this.#reads, this.#found].filter(
      ({ length }) => length > 0,
    );
    const queue = queues[draw(queues.length)];
    if (queue === undefined) return false;
    const isInOrder = queue === this.#appends || queue === this.#answers;
    queue.splice(isInOrder ? 0 : draw(queue.length), 1)[0]?.();
    return true;
  }

  /** Only what appends wait for. */
  stepAppend(): boolean {
    const due = this.#appends.shift() ?? this.#answers.shift();
    due?.();
    return due !== undefined;
  }

  #look(topic: string, after: Position | undefined, limit: number): History {
    const all = this.stored.filter((message) => message.topic === topic);
    const latest = { epoch: this.epoch, offset: all.at(-1)?.offset ?? 0 };
    if (after === undefined)
      return { messages: limit === 0 ? [] : all.slice(-limit), recovered: true, latest, hasMore: false };
    const recovered = after.epoch === this.epoch;
    const missed = recovered ? all.filter(({ offset }) => offset > after.offset) : all;
    return { messages: missed.slice(0, limit), recovered, latest, hasMore: missed.length > limit };
  }
}
