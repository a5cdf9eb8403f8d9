import { join } from 'node:path';
import type { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../../errors.js';
import { checkPages } from '../../storage/embedded/checkPages.js';
import { isDiskFull } from '../../storage/embedded/diskFaults.js';
import { type FolderLock, lockFolder } from '../../storage/embedded/FolderLock.js';
import { DATA_FILE, environmentError } from '../../storage/embedded/openEnvironment.js';
import { openLife } from '../../storage/embedded/StoreLife.js';
import type { Draft, History, LogStore, Position, Retention, TopicMessage } from '../ports.js';
import { LogChange } from './LogChange.js';
import { LogFiles, type LogState, stateIn } from './LogFiles.js';
import { expiryOf, isKnown, logBusy, logClosed, startOf } from './logRules.js';
import { sealMessage } from './messageCodec.js';
import type { Offsets } from './Offsets.js';
import { Page } from './Page.js';

export interface EmbeddedLogOptions {
  /** made when missing; one process at a time */
  readonly folder: string;
  /** shared by logs whose messages are to rise together */
  readonly offsets: Offsets;
  readonly wallMs: () => number;
  /** of all messages together, default `LIMITS.topicLogBytes` */
  readonly bytesMax?: number;
  /** looks at the pages of a data file before they are trusted, elsewhere than on this thread; throws STORE_CORRUPT */
  readonly checkPages?: (file: string) => Promise<void>;
  /** told once when the log has stopped: the process should end, and start again after a look at the disk */
  readonly onStopped?: (error: TopGunError) => void;
}

interface Waiting {
  readonly draft: Draft;
  readonly sealed: Buffer;
  readonly retention: Retention;
  readonly resolve: (message: TopicMessage) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The log of a node in an lmdb folder of its own. A message is accepted when it is on the disk; what waits meanwhile goes to the disk
 * together. Changes are made one after the other, each on what the last one has written. Rules LOG-n.
 */
export class EmbeddedLog implements LogStore {
  readonly #options: EmbeddedLogOptions;
  #lock: FolderLock | undefined;
  #files: LogFiles | undefined;
  #epoch = '';
  #state: LogState = stateIn(new Map());
  #expired = 0;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isScheduled = false;
  #changing: Promise<unknown> = Promise.resolve();
  #stopped: TopGunError | undefined;
  #isClosing = false;

  constructor(options: EmbeddedLogOptions) {
    this.#options = options;
  }

  /** Throws STORE_LOCKED, STORE_UNAVAILABLE, STORE_CORRUPT, STORE_VERSION. */
  async open(): Promise<void> {
    const { folder, offsets } = this.#options;
    this.#lock = await lockFolder(folder);
    try {
      await this.#checkPages(folder);
      const files = new LogFiles(folder);
      this.#files = files;
      const meta = await files.boot(folder);
      this.#state = stateIn(meta);
      // A copy of the folder, or an older state of it, does not know what was accepted elsewhere.
      this.#epoch = (await openLife(folder, files, meta)).incarnation;
      offsets.raise(this.#state.last);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    if (this.#files === undefined || this.#isClosing) return Promise.reject(logClosed());
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped);
    const sealed = sealMessage(draft);
    if (this.#waiting.length > 0 && this.#waitingBytes + sealed.length > LIMITS.topicWaitingBytes)
      return Promise.reject(logBusy());
    this.#waitingBytes += sealed.length;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, sealed, retention, resolve, reject });
      this.#schedule();
    });
  }

  async read(name: string, after: Position | undefined, limit: number): Promise<History> {
    const files = this.#opened();
    const epoch = this.#epoch;
    const nowMs = this.#options.wallMs();
    const { forgotten, last } = this.#state;
    const topic = files.topic(name);
    const latest = { epoch, offset: topic?.last ?? forgotten };
    const page = new Page(name, epoch, nowMs, limit);
    if (after === undefined) {
      for (const row of topic === undefined ? [] : files.lastMessages(topic.id)) if (!page.take(row)) break;
      return { messages: page.messages().reverse(), recovered: true, latest, hasMore: false };
    }
    let hasMore = false;
    for (const row of topic === undefined ? [] : files.messages(topic.id, startOf(after, epoch))) {
      hasMore = !page.take(row);
      if (hasMore) break;
    }
    const isAllKnown = isKnown(after, epoch, topic?.dropped ?? forgotten, last);
    return { messages: page.messages(), recovered: isAllKnown && !page.hasExpired, latest, hasMore };
  }

  sweep(nowMs: number): Promise<boolean> {
    return this.#afterChanges(async () => {
      if (this.#isClosing || this.#stopped !== undefined) return false;
      const files = this.#opened();
      const due = files.due(nowMs, LIMITS.topicSweep);
      if (due.length === 0) return false;
      const change = new LogChange(files, this.#state, nowMs, 0);
      change.sweep(due);
      await this.#write(change);
      return due.length === LIMITS.topicSweep;
    });
  }

  stats(): ReturnType<LogStore['stats']> {
    const { topics, messages, bytes } = this.#state;
    return { topics, messages, bytes, expired: this.#expired };
  }

  /** Waits for what was handed over to `append` before. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#isScheduled) await this.#changing;
    await this.#changing;
    await this.#files?.close();
    await this.#lock?.release();
    this.#files = undefined;
    this.#lock = undefined;
  }

  async #checkPages(folder: string): Promise<void> {
    const file = join(folder, DATA_FILE);
    try {
      if (this.#options.checkPages === undefined) checkPages(file);
      else await this.#options.checkPages(file);
    } catch (cause) {
      throw environmentError(folder, cause);
    }
  }

  #opened(): LogFiles {
    if (this.#stopped !== undefined) throw this.#stopped;
    if (this.#files === undefined) throw logClosed();
    return this.#files;
  }

  #afterChanges<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#changing.then(work);
    // Who asked for the work hears of its failure.
    this.#changing = done.catch(() => undefined);
    return done;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void this.#afterChanges(() => this.#flush());
  }

  /** What waits at most in one flush. */
  #takeGroup(): Waiting[] {
    let bytes = 0;
    let count = 0;
    for (const { sealed } of this.#waiting) {
      if (count === LIMITS.topicFlush || bytes >= LIMITS.topicFlushBytes) break;
      bytes += sealed.length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  async #flush(): Promise<void> {
    const group = this.#takeGroup();
    const { wallMs, offsets, bytesMax = LIMITS.topicLogBytes } = this.#options;
    const accepted: [waiting: Waiting, offset: number][] = [];
    try {
      const nowMs = wallMs();
      const change = new LogChange(this.#opened(), this.#state, nowMs, bytesMax);
      for (const waiting of group) {
        const { draft, sealed, retention, reject } = waiting;
        try {
          const expiry = expiryOf(draft, retention, nowMs);
          accepted.push([waiting, change.add(draft.topic, sealed, expiry, retention, () => offsets.next())]);
        } catch (error) {
          reject(error);
        }
      }
      await this.#write(change);
      for (const [{ draft, resolve }, offset] of accepted) resolve({ ...draft, epoch: this.#epoch, offset });
    } catch (error) {
      // Of a promise that was settled before this is not heard.
      for (const { reject } of group) reject(error);
    }
    this.#isScheduled = false;
    if (this.#waiting.length > 0) this.#schedule();
  }

  /** Throws STORE_UNAVAILABLE when nothing was stored for lack of room, STORE_STOPPED when that is uncertain. */
  async #write(change: LogChange): Promise<void> {
    const rows = change.rows();
    if (rows.topics.size + rows.looked.length === 0) return;
    try {
      await this.#opened().write(rows);
    } catch (error) {
      throw await this.#judge(error);
    }
    this.#state = rows.state;
    this.#expired += change.expired;
  }

  async #judge(error: unknown): Promise<TopGunError> {
    const { folder, onStopped } = this.#options;
    if (await isDiskFull(folder, error))
      return serverError('STORE_UNAVAILABLE', `There is no room for messages in ${folder}.`, error);
    if (this.#stopped === undefined) {
      this.#stopped = serverError('STORE_STOPPED', `The disk refused messages to ${folder}.`, error);
      onStopped?.(this.#stopped);
    }
    return this.#stopped;
  }
}
