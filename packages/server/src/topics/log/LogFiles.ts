import type { Database, RootDatabase } from 'lmdb';
import { serverError } from '../../errors.js';
import { openChunk, sealChunk } from '../../storage/embedded/chunkCodec.js';
import { MetaTable } from '../../storage/embedded/MetaTable.js';
import { environmentError, openEnvironment } from '../../storage/embedded/openEnvironment.js';
import type { TopicCount } from './logRules.js';

/** Layout of the folder this version writes and reads. */
const FORMAT = 1;
const FORMAT_ROW = '.format';
const STATE_ROW = '.log';

/** A topic and its number, which stands for its name in keys. */
export interface TopicRow extends TopicCount {
  readonly id: number;
}

/** What is true of all topics together. */
export interface LogState {
  /** place given out last */
  readonly last: number;
  /** highest place of a topic that was forgotten */
  readonly forgotten: number;
  readonly nextId: number;
  readonly topics: number;
  readonly messages: number;
  readonly bytes: number;
}

/** Where a message lies, and all that trimming and expiry ask of it: they never read a message. */
export interface Slot {
  readonly id: number;
  readonly offset: number;
  /** ms since the epoch of Unix */
  readonly expiry: number;
  /** bytes */
  readonly size: number;
}

export interface StoredMessage extends Slot {
  readonly sealed: Buffer;
}

/** What falls due at a time: a message, or with offset 0 a look at a topic that was empty. */
export interface Due extends Slot {
  readonly topic: string;
}

/** A change of the log; written whole or not at all. */
export interface LogRows {
  readonly added: readonly (readonly [slot: Slot, topic: string, sealed: Buffer])[];
  readonly dropped: readonly Slot[];
  readonly looks: readonly Due[];
  readonly looked: readonly Slot[];
  /** undefined: forgotten */
  readonly topics: ReadonlyMap<string, TopicRow | undefined>;
  readonly state: LogState;
}

type MessageKey = [id: number, offset: number, expiry: number, size: number];
type DueKey = [expiry: number, id: number, offset: number, size: number];

const messageKey = ({ id, offset, expiry, size }: Slot): MessageKey => [id, offset, expiry, size];
const dueKey = ({ id, offset, expiry, size }: Slot): DueKey => [expiry, id, offset, size];
const slotOf = ([id, offset, expiry, size]: MessageKey): Slot => ({ id, offset, expiry, size });

/**
 * The lmdb folder of a log and its four tables:
 *
 *   messages  [topic number, place, expiry, size] → the sealed message
 *   due       [expiry, topic number, place, size] → name of the topic
 *   topics    name → [number, count, bytes, last, dropped]
 *   meta      name → value: format, life, and what is true of all topics
 */
export class LogFiles {
  readonly #root: RootDatabase<Buffer, string>;
  readonly #messages: Database<Buffer, MessageKey>;
  readonly #due: Database<Buffer, DueKey>;
  readonly #topics: Database<Buffer, string>;
  readonly #meta: MetaTable;

  /** Of a folder whose pages have been looked at. Throws STORE_CORRUPT, STORE_UNAVAILABLE. */
  constructor(folder: string) {
    try {
      this.#root = openEnvironment(folder);
      this.#messages = this.#root.openDB({ name: 'messages', encoding: 'binary' });
      this.#due = this.#root.openDB({ name: 'due', encoding: 'binary' });
      this.#topics = this.#root.openDB({ name: 'topics', encoding: 'binary' });
      this.#meta = new MetaTable(this.#root);
    } catch (cause) {
      throw environmentError(folder, cause);
    }
  }

  /** The named values; a new folder gets its format. Throws STORE_VERSION. */
  async boot(folder: string): Promise<Map<string, unknown>> {
    const meta = this.#meta.rows();
    const format = meta.get(FORMAT_ROW);
    if (format === undefined) await this.putMeta(new Map([[FORMAT_ROW, FORMAT]]));
    else if (format !== FORMAT) {
      const message = `The folder ${folder} has format ${String(format)}; this version reads format ${FORMAT}.`;
      throw serverError('STORE_VERSION', message);
    }
    return meta;
  }

  putMeta(rows: ReadonlyMap<string, unknown>): Promise<boolean> {
    return this.#meta.put(rows);
  }

  topic(name: string): TopicRow | undefined {
    const sealed = this.#topics.get(name);
    if (sealed === undefined) return undefined;
    const row = openChunk(sealed, `topic ${name}`) as [number, number, number, number, number];
    const [id, count, bytes, last, dropped] = row;
    return { id, count, bytes, last, dropped };
  }

  /** Where the messages of a topic lie, by rising place. */
  *slots(id: number): Iterable<Slot> {
    for (const key of this.#messages.getKeys({ start: [id] as never, end: [id + 1] as never }))
      yield slotOf(key);
  }

  /** The messages of a topic behind a place, by rising place. */
  *messages(id: number, after: number): Iterable<StoredMessage> {
    yield* this.#rows({ start: [id, after + 1], end: [id + 1] });
  }

  /** The messages of a topic, the last one first. */
  *lastMessages(id: number): Iterable<StoredMessage> {
    yield* this.#rows({ start: [id + 1], end: [id], reverse: true });
  }

  *#rows(range: {
    readonly start: number[];
    readonly end: number[];
    readonly reverse?: true;
  }): Iterable<StoredMessage> {
    // The bounds are beginnings of keys.
    for (const { key, value } of this.#messages.getRange(range as object))
      yield { ...slotOf(key), sealed: value };
  }

  /** What has fallen due, the earliest first. */
  due(nowMs: number, limit: number): Due[] {
    const due: Due[] = [];
    for (const { key, value } of this.#due.getRange({
      end: [nowMs, Number.MAX_SAFE_INTEGER] as never,
      limit,
    })) {
      const [expiry, id, offset, size] = key;
      due.push({ expiry, id, offset, size, topic: value.toString('utf8') });
    }
    return due;
  }

  /** Resolves when it is on the disk. */
  write({ added, dropped, looks, looked, topics, state }: LogRows): Promise<boolean> {
    return this.#root.batch(() => {
      for (const [slot, topic, sealed] of added) {
        void this.#messages.put(messageKey(slot), sealed);
        void this.#due.put(dueKey(slot), Buffer.from(topic));
      }
      for (const slot of dropped) {
        void this.#messages.remove(messageKey(slot));
        void this.#due.remove(dueKey(slot));
      }
      for (const look of looks) void this.#due.put(dueKey(look), Buffer.from(look.topic));
      for (const slot of looked) void this.#due.remove(dueKey(slot));
      for (const [name, row] of topics) {
        if (row === undefined) void this.#topics.remove(name);
        else {
          const { id, count, bytes, last, dropped: gone } = row;
          void this.#topics.put(name, sealChunk([id, count, bytes, last, gone]));
        }
      }
      this.#meta.set(STATE_ROW, state);
    });
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

/** What is true of all topics, by the named values of a folder. */
export function stateIn(meta: ReadonlyMap<string, unknown>): LogState {
  // Written by this module.
  const state = meta.get(STATE_ROW) as LogState | undefined;
  return state ?? { last: 0, forgotten: 0, nextId: 1, topics: 0, messages: 0, bytes: 0 };
}
