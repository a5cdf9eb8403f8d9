import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import { NOWHERE } from './Hearing.js';
import type {
  Bus,
  BusListener,
  Draft,
  History,
  LogStore,
  Position,
  Retention,
  TopicMessage,
} from './ports.js';
import { RecentIds } from './RecentIds.js';

/** An append on its way, in the order of its topic. */
interface Pending {
  /** null: it was refused */
  outcome: TopicMessage | null | undefined;
}

type Placed = Position & { readonly ts: number };

/**
 * The bus of a node that is alone: what is sent is heard here, what is appended when the log has it. The log is opened, swept and closed
 * by who made it.
 */
export class LocalBus implements Bus {
  readonly status = 'ok';
  readonly #log: Pick<LogStore, 'append' | 'read'>;
  #listener: BusListener | undefined;
  /** appends whose messages have not been heard yet, by topic in the order of the calls, which is that of the offsets */
  readonly #pending = new Map<string, Pending[]>();
  #appends = 0;
  #onQuiet: (() => void) | undefined;
  /** where a message of this id is, or will be; those without a log at once */
  readonly #ids = new RecentIds<Promise<Placed> | typeof NOWHERE>(LIMITS.topicIdsMs, LIMITS.topicIds);

  constructor(log: Pick<LogStore, 'append' | 'read'>) {
    this.#log = log;
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    return Promise.resolve();
  }

  listen(): void {
    // Nobody else speaks here.
  }

  unlisten(): void {
    // Nor was anybody asked.
  }

  send(draft: Draft): void {
    const id = nameOf(draft);
    if (this.#ids.get(id, draft.ts) !== undefined) return;
    this.#ids.set(id, NOWHERE, draft.ts);
    this.#listener?.message({ ...draft, ...NOWHERE });
  }

  async append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const id = nameOf(draft);
    const known = this.#ids.get(id, draft.ts);
    if (known instanceof Promise) return { ...draft, ...(await known) };
    if (this.#appends >= LIMITS.topicAppends) throw busy();
    const accepted = this.#append(draft, retention);
    const placed = accepted.then(({ epoch, offset, ts }) => ({ epoch, offset, ts }));
    this.#ids.set(id, placed, draft.ts);
    // What was refused may be published again.
    placed.catch(() => this.#ids.delete(id));
    return accepted;
  }

  read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    return this.#log.read(topic, after, limit);
  }

  /** Resolves when everything that was to be appended is, or is refused. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      if (this.#appends === 0) resolve();
    });
  }

  async #append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const { topic } = draft;
    const queue = this.#pending.get(topic) ?? [];
    this.#pending.set(topic, queue);
    const pending: Pending = { outcome: undefined };
    queue.push(pending);
    this.#appends++;
    try {
      const message = await this.#log.append(draft, retention);
      pending.outcome = message;
      return message;
    } catch (error) {
      pending.outcome = null;
      throw error;
    } finally {
      this.#appends--;
      this.#hear(topic, queue);
      if (this.#appends === 0) this.#onQuiet?.();
    }
  }

  /** Tells what is known of the topic, up to the first append that is still on its way. */
  #hear(topic: string, queue: Pending[]): void {
    let done = 0;
    for (const { outcome } of queue) {
      if (outcome === undefined) break;
      done++;
      if (outcome !== null) this.#listener?.message(outcome);
    }
    queue.splice(0, done);
    if (queue.length === 0) this.#pending.delete(topic);
  }
}

const nameOf = ({ topic, id }: Draft): string => `${topic}\n${id}`;

const busy = (): Error =>
  serverError(
    'BUS_UNAVAILABLE',
    `${LIMITS.topicAppends} messages wait for the log already, which is as many as may.`,
  );
