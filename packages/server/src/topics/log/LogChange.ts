import { LIMITS } from '@topgun/protocol';
import type { Retention } from '../ports.js';
import type { Due, LogFiles, LogRows, LogState, Slot, TopicRow } from './LogFiles.js';
import { forgetAt, isOver, logFull, topicFull, withOneMore } from './logRules.js';
import { msOfOffset } from './Offsets.js';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

interface OpenTopic {
  readonly name: string;
  readonly row: Mutable<TopicRow>;
  added: Slot[];
  readonly gone: Set<number>;
  /** not stored yet */
  isNew: boolean;
  /** by which the oldest go */
  retention: Retention | undefined;
  isPurged: boolean;
  isLookedAt: boolean;
  isForgotten: boolean;
}

/**
 * One change of an embedded log in the making: reads what is stored, and gathers what is to be written as one. Nothing is stored
 * and nothing of the log is different before that has been written.
 */
export class LogChange {
  readonly #files: LogFiles;
  readonly #nowMs: number;
  readonly #bytesMax: number;
  readonly #topics = new Map<string, OpenTopic>();
  readonly #state: Mutable<LogState>;
  readonly #sealed = new Map<Slot, Buffer>();
  readonly #dropped: Slot[] = [];
  readonly #looked: Slot[] = [];
  #expired = 0;

  constructor(files: LogFiles, state: LogState, nowMs: number, bytesMax: number) {
    this.#files = files;
    this.#state = { ...state };
    this.#nowMs = nowMs;
    this.#bytesMax = bytesMax;
  }

  /** Messages taken out because their time was over. */
  get expired(): number {
    return this.#expired;
  }

  /** Takes a message in. `offset` is asked for its place once it is sure to be taken. Throws TOPIC_FULL, TOPIC_FULL_BYTES. */
  add(name: string, sealed: Buffer, expiry: number, retention: Retention, offsetOf: () => number): number {
    const size = sealed.length;
    const topic = this.#open(name);
    const isMailbox = retention.whenFull === 'refuse';
    if (isMailbox) {
      if (isOver(withOneMore(topic.row, size), retention)) this.#purge(topic);
      const next = withOneMore(topic.row, size);
      if (isOver(next, retention)) throw topicFull(name, next.count > retention.count, retention);
    }
    if (this.#state.bytes + size > this.#bytesMax) throw logFull(this.#bytesMax);
    if (!isMailbox) topic.retention = retention;
    if (topic.isNew) this.#begin(topic);
    const offset = offsetOf();
    const slot = { id: topic.row.id, offset, expiry, size };
    topic.added.push(slot);
    this.#sealed.set(slot, sealed);
    this.#count(topic, 1, size);
    topic.row.last = offset;
    this.#state.last = offset;
    return offset;
  }

  /** Takes out what has fallen due. */
  sweep(due: readonly Due[]): void {
    for (const slot of due) {
      const topic = this.#open(slot.topic);
      if (slot.offset > 0) this.#expire(topic, slot);
      else {
        this.#looked.push(slot);
        topic.isLookedAt = true;
      }
    }
  }

  /** What is to be written. */
  rows(): LogRows {
    for (const topic of this.#topics.values())
      if (topic.retention !== undefined) this.#trim(topic, topic.retention);
    for (const topic of this.#topics.values()) if (topic.isLookedAt) this.#look(topic);
    const touched = [...this.#topics.values()].filter(
      ({ added, gone, isNew, isLookedAt }) => !isNew && (added.length + gone.size > 0 || isLookedAt),
    );
    const looks = touched
      .filter(({ row, isForgotten }) => row.count === 0 && !isForgotten)
      .map(({ name, row }) => ({
        id: row.id,
        offset: 0,
        expiry: forgetAt(this.#nowMs),
        size: 0,
        topic: name,
      }));
    return {
      added: touched.flatMap(({ name, added }) =>
        added.map((slot) => [slot, name, this.#sealed.get(slot) as Buffer] as const),
      ),
      dropped: this.#dropped,
      looks,
      looked: this.#looked,
      topics: new Map(touched.map(({ name, row, isForgotten }) => [name, isForgotten ? undefined : row])),
      state: this.#state,
    };
  }

  #open(name: string): OpenTopic {
    const known = this.#topics.get(name);
    if (known !== undefined) return known;
    const row = this.#files.topic(name);
    const { forgotten } = this.#state;
    const topic = {
      name,
      row:
        row === undefined ? { id: 0, count: 0, bytes: 0, last: forgotten, dropped: forgotten } : { ...row },
      added: [],
      gone: new Set<number>(),
      isNew: row === undefined,
      retention: undefined,
      isPurged: false,
      isLookedAt: false,
      isForgotten: false,
    };
    this.#topics.set(name, topic);
    return topic;
  }

  #begin(topic: OpenTopic): void {
    topic.isNew = false;
    topic.row.id = this.#state.nextId++;
    this.#state.topics++;
  }

  #count({ row }: OpenTopic, messages: number, bytes: number): void {
    row.count += messages;
    row.bytes += bytes;
    this.#state.messages += messages;
    this.#state.bytes += bytes;
  }

  /** Takes a stored message out. */
  #drop(topic: OpenTopic, slot: Slot): void {
    this.#dropped.push(slot);
    topic.gone.add(slot.offset);
    this.#leave(topic, slot);
  }

  #leave(topic: OpenTopic, { offset, size }: Slot): void {
    this.#count(topic, -1, -size);
    topic.row.dropped = Math.max(topic.row.dropped, offset);
  }

  #expire(topic: OpenTopic, slot: Slot): void {
    if (topic.isNew || topic.gone.has(slot.offset)) return;
    this.#expired++;
    this.#drop(topic, slot);
  }

  /** Takes out what is stored of a topic and has expired; once in a change. */
  #purge(topic: OpenTopic): void {
    if (topic.isPurged || topic.isNew) return;
    topic.isPurged = true;
    for (const slot of this.#files.slots(topic.row.id))
      if (slot.expiry <= this.#nowMs) this.#expire(topic, slot);
  }

  /** Takes out the oldest until the rest is within the retention. */
  #trim(topic: OpenTopic, retention: Retention): void {
    if (!isOver(topic.row, retention)) return;
    for (const slot of this.#files.slots(topic.row.id)) {
      if (!isOver(topic.row, retention)) return;
      if (!topic.gone.has(slot.offset)) this.#drop(topic, slot);
    }
    let gone = 0;
    for (; isOver(topic.row, retention); gone++) this.#leave(topic, topic.added[gone] as Slot);
    topic.added = topic.added.slice(gone);
    topic.isLookedAt = true;
  }

  /** Forgets a topic that is empty and whose last message is old enough. */
  #look(topic: OpenTopic): void {
    const { row } = topic;
    if (topic.isNew || row.count > 0 || this.#nowMs - msOfOffset(row.last) < LIMITS.topicForgetMs) return;
    topic.isForgotten = true;
    this.#state.topics--;
    this.#state.forgotten = Math.max(this.#state.forgotten, row.last);
  }
}
