import { randomBytes } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS } from '@topgun/protocol';
import pg from 'pg';
import { serverError } from '../../errors.js';
import { connectionOptions } from '../../storage/postgres/connection.js';
import type { DatabaseAddress } from '../../storage/postgres/databaseUrl.js';
import { judgeFault, openingError } from '../../storage/postgres/faults.js';
import { readHome } from '../../storage/postgres/home.js';
import { migrate } from '../../storage/postgres/migrate.js';
import type { Draft, History, LogStore, Position, Retention, TopicMessage } from '../ports.js';
import { type Appending, appendBatch, nameBytes } from './appendBatch.js';
import { isKnown, logBusy, logClosed, logFull, topicFull } from './logRules.js';
import { openMessage, sealMessage } from './messageCodec.js';

export interface PostgresLogOptions {
  readonly address: DatabaseAddress;
  /** of a clock that never goes back: how long a message has waited */
  readonly monoMs: () => number;
  /** takes the place of the database's clock, which counts otherwise: for tests */
  readonly wallMs?: () => number;
  /** of all messages together, default `LIMITS.topicLogBytes` */
  readonly bytesMax?: number;
}

/** A message that has a place, and what was there before it. */
export interface Placed {
  readonly message: TopicMessage;
  /** offset of the message of its topic before it */
  readonly previous: number;
  /** it was there under its id */
  readonly isKnown: boolean;
}

/** A page of a log, with what tells whether something is missing before it. */
export interface LogPage {
  readonly messages: readonly TopicMessage[];
  readonly latest: Position;
  /** the last offset of which the message is gone */
  readonly dropped: number;
  readonly hasExpired: boolean;
  readonly hasMore: boolean;
  /** the last place that was given to any topic */
  readonly given: number;
}

interface Waiting extends Appending {
  readonly sinceMs: number;
  readonly resolve: (placed: Placed) => void;
  readonly reject: (error: unknown) => void;
}

interface Counts {
  readonly topics: number;
  readonly messages: number;
  readonly bytes: number;
  readonly expired: number;
}

interface Appended extends Counts {
  readonly epoch: string;
  readonly places: readonly number[];
  readonly previous: readonly number[];
  readonly outcomes: readonly number[];
}

const KNOWN = 1;
const FULL_COUNT = 2;
const FULL_BYTES = 3;
const LOG_FULL = 4;

/**
 * The logs of topics of several nodes, in PostgreSQL (LOG-30). What waits goes to the database together, in one call; a group of which nothing was heard is sent
 * again, and what is there already is known by its id.
 */
export class PostgresLog implements LogStore {
  readonly #options: PostgresLogOptions;
  readonly #closing = new AbortController();
  #pool: pg.Pool | undefined;
  #home = '';
  #counts: Counts = { topics: 0, messages: 0, bytes: 0, expired: 0 };
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #flushing: Promise<void> | undefined;
  /** the database does not answer: nothing more is taken in */
  #isAway = false;
  #expired = 0;

  constructor(options: PostgresLogOptions) {
    setMaxListeners(0, this.#closing.signal);
    this.#options = options;
  }

  /** Whether the database took what it was given last. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** What is not on its way to the database yet. */
  get waiting(): { readonly count: number; readonly bytes: number } {
    return { count: this.#waiting.length, bytes: this.#waitingBytes };
  }

  /** Throws STORE_UNAVAILABLE, STORE_VERSION, STORE_READ_ONLY. */
  async open(): Promise<void> {
    const { address } = this.#options;
    const connection = connectionOptions(address);
    const client = new pg.Client(connection);
    client.on('error', () => undefined);
    try {
      await client.connect();
      await migrate(client, address.schema);
      this.#home = (await readHome(client)).text;
      await this.#openEpoch(client);
      const { rows } = await client.query('select topics, messages, bytes, 0 as expired from topic_log');
      this.#counts = rows[0];
    } catch (error) {
      throw openingError(error, `PostgreSQL at ${address.shown}`);
    } finally {
      await client.end().catch(() => undefined);
    }
    this.#pool = new pg.Pool({
      ...connection,
      max: LIMITS.topicConnections,
      allowExitOnIdle: true,
      onConnect: (made) => {
        made.on('error', () => undefined);
        return this.#admit(made);
      },
    });
    this.#pool.on('error', () => undefined);
  }

  async append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    return (await this.place(draft, retention)).message;
  }

  /** As `append`, and says what was there before. Throws BUS_UNAVAILABLE while the database does not answer. */
  place(draft: Draft, retention: Retention): Promise<Placed> {
    if (this.#pool === undefined || this.#closing.signal.aborted) return Promise.reject(logClosed());
    if (this.#isAway) return Promise.reject(away());
    const sealed = sealMessage(draft);
    if (this.#waiting.length > 0 && this.#waitingBytes + sealed.length > LIMITS.topicWaitingBytes)
      return Promise.reject(logBusy());
    this.#waitingBytes += sealed.length;
    const sinceMs = this.#options.monoMs();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ draft, sealed, retention, sinceMs, resolve, reject });
      this.#flushing ??= this.#flushAll();
    });
  }

  async read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    const page = await this.#read(topic, after?.epoch ?? null, after?.offset ?? null, limit);
    const { messages, latest, hasMore, dropped, given, hasExpired } = page;
    const recovered = after === undefined || (isKnown(after, latest.epoch, dropped, given) && !hasExpired);
    return { messages, recovered, latest, hasMore };
  }

  /** What lies behind an offset, whatever epoch it is of: only for who knows by ids what it has had. */
  readAnyEpoch(topic: string, after: number, limit: number): Promise<LogPage> {
    return this.#read(topic, null, after, limit);
  }

  /** The epoch, and of these topics the places of their last messages. */
  async tails(topics: readonly string[]): Promise<{ readonly epoch: string; readonly last: number[] }> {
    const { rows } = await this.#opened().query({
      name: 'topic tails',
      text: `select l.epoch, (
          select array_agg(coalesce(t.last, l.forgotten) order by n.at)
          from unnest($1::bytea[]) with ordinality as n (name, at) left join topics t on t.name = n.name
        ) as last from topic_log l`,
      values: [topics.map(nameBytes)],
    });
    const { epoch, last } = rows[0];
    return { epoch, last: (last ?? []).map(Number) };
  }

  /** The last place that any topic was given. */
  async lastGiven(): Promise<number> {
    const { rows } = await this.#opened().query({ name: 'topic given', text: 'select last from topic_log' });
    return rows[0].last;
  }

  async sweep(nowMs: number): Promise<boolean> {
    const { wallMs } = this.#options;
    const { rows } = await this.#opened().query({
      name: 'topic sweep',
      text: 'select * from sweep_topics($1, $2, $3, $4)',
      values: [wallMs && nowMs, LIMITS.topicSweep, LIMITS.topicForgetMs, LIMITS.busIdsMs],
    });
    this.#take(rows[0]);
    return rows[0].more;
  }

  /** Of all nodes, as this one knows them; `expired`: what this one took out. */
  stats(): ReturnType<LogStore['stats']> {
    const { topics, messages, bytes } = this.#counts;
    return { topics, messages, bytes, expired: this.#expired };
  }

  /** Waits for what was handed over before, as far as the database answers. */
  async close(): Promise<void> {
    const late = sleep(LIMITS.databaseProbeMs, undefined, { ref: false });
    await Promise.race([this.#flushing, late]);
    this.#closing.abort(logClosed());
    const pool = this.#pool;
    this.#pool = undefined;
    await Promise.race([pool?.end(), late]);
  }

  async #openEpoch(client: pg.Client): Promise<void> {
    // Of nodes that start together one draws it. In another home the log may lack what was accepted elsewhere.
    const drawn = [randomBytes(12).toString('base64url'), this.#home];
    await client.query(
      'insert into topic_log (id, epoch, home) values (1, $1, $2) on conflict (id) do nothing',
      drawn,
    );
    await client.query('update topic_log set epoch = $1, home = $2 where id = 1 and home <> $2', drawn);
  }

  async #admit(client: pg.ClientBase): Promise<void> {
    const { text, isStandby } = await readHome(client);
    const { shown } = this.#options.address;
    if (isStandby) throw serverError('STORE_READ_ONLY', `PostgreSQL at ${shown} follows another server.`);
    if (text !== this.#home)
      throw serverError(
        'STORE_STOPPED',
        `The database at ${shown} is another one, or an older one, than was opened.`,
      );
    await client.query('set synchronous_commit = on');
  }

  #opened(): pg.Pool {
    if (this.#pool === undefined) throw logClosed();
    return this.#pool;
  }

  async #read(topic: string, epoch: string | null, after: number | null, limit: number): Promise<LogPage> {
    const { rows } = await this.#opened().query({
      name: 'topic read',
      text: 'select * from read_topic($1, $2, $3, $4, $5, $6)',
      values: [
        this.#options.wallMs?.(),
        nameBytes(topic),
        epoch,
        after,
        Math.min(limit, LIMITS.topicPage),
        LIMITS.topicPageBytes,
      ],
    });
    // The last row tells of the topic.
    const told = rows.pop();
    const messages = rows.map(({ place, body }) =>
      openMessage(body, topic, { epoch: told.epoch, offset: place }),
    );
    if (after === null) messages.reverse();
    return {
      messages,
      latest: { epoch: told.epoch, offset: told.latest },
      dropped: told.dropped,
      hasExpired: told.has_expired,
      hasMore: told.has_more,
      given: told.given,
    };
  }

  #take(counts: Counts): void {
    this.#counts = counts;
    this.#expired += counts.expired;
  }

  async #flushAll(): Promise<void> {
    // What is handed over in this turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      await this.#flush(this.#takeGroup());
      if (this.#isAway) await this.#probe();
    }
    this.#flushing = undefined;
  }

  /** Resolves when the database answers, or the log is closed. */
  async #probe(): Promise<void> {
    for (let round = 0; this.#isAway && !this.#closing.signal.aborted; round++) {
      await this.#rest(round);
      await this.lastGiven().then(
        () => {
          this.#isAway = false;
        },
        () => undefined,
      );
    }
  }

  /** What waits at most in one flush; of two messages with one id the second waits for what becomes of the first. */
  #takeGroup(): Waiting[] {
    const ids = new Set<string>();
    let bytes = 0;
    let count = 0;
    for (const { sealed, draft } of this.#waiting) {
      const id = `${draft.id} ${draft.topic}`;
      if (count === LIMITS.topicFlush || bytes >= LIMITS.topicFlushBytes || ids.has(id)) break;
      ids.add(id);
      bytes += sealed.length;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Sends a group until something is heard of it, or its time is over. Settles each of it. */
  async #flush(whole: readonly Waiting[]): Promise<void> {
    let group = whole;
    for (let round = 0; group.length > 0; round++) {
      try {
        this.#settle(group, await this.#append(group));
        this.#isAway = false;
        return;
      } catch (error) {
        const fault = judgeFault(error, this.#options.address.shown);
        if (!fault.isPassing) {
          for (const { reject } of group) reject(fault.error);
          return;
        }
        this.#refuseWaiting();
        group = this.#refuseLate(group);
      }
      await this.#rest(round);
    }
  }

  async #append(group: readonly Waiting[]): Promise<Appended> {
    const { wallMs, bytesMax = LIMITS.topicLogBytes } = this.#options;
    const { rows } = await this.#opened().query({
      name: 'topic append',
      text: 'select * from append_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
      values: [wallMs?.(), bytesMax, LIMITS.busIdsMs, ...appendBatch(group)],
    });
    const { places, previous, ...rest } = rows[0];
    // The driver reads single numbers of 64 bits as ours, lists of them as texts.
    return { ...rest, places: places.map(Number), previous: previous.map(Number) };
  }

  #settle(group: readonly Waiting[], appended: Appended): void {
    const { epoch, places, previous, outcomes } = appended;
    this.#take(appended);
    for (const [at, { draft, retention, resolve, reject }] of group.entries()) {
      const outcome = outcomes[at];
      if (outcome === FULL_COUNT || outcome === FULL_BYTES)
        reject(topicFull(draft.topic, outcome === FULL_COUNT, retention));
      else if (outcome === LOG_FULL) reject(logFull(this.#options.bytesMax ?? LIMITS.topicLogBytes));
      else {
        const message = { ...draft, epoch, offset: places[at] as number };
        resolve({ message, previous: previous[at] as number, isKnown: outcome === KNOWN });
      }
    }
  }

  /** While the database is away nobody waits for it who has not begun to. */
  #refuseWaiting(): void {
    this.#isAway = true;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#waitingBytes = 0;
    for (const { reject } of waiting) reject(away());
  }

  #refuseLate(group: readonly Waiting[]): readonly Waiting[] {
    const isClosed = this.#closing.signal.aborted;
    const oldestMs = this.#options.monoMs() - LIMITS.topicAppendMs;
    return group.filter(({ sinceMs, reject }) => {
      const isLate = isClosed || sinceMs < oldestMs;
      if (isLate) reject(away());
      return !isLate;
    });
  }

  async #rest(round: number): Promise<void> {
    const ms = Math.min(LIMITS.databaseRetryMs * 2 ** round, LIMITS.databaseRetryMsMax);
    // When it closes, the next round finds that out.
    await sleep(ms, undefined, { signal: this.#closing.signal, ref: false }).catch(() => undefined);
  }
}

const away = (): Error => serverError('BUS_UNAVAILABLE', 'PostgreSQL does not take messages at the moment.');
