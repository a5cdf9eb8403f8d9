import { randomBytes } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { History, Position, Retention, TopicMessage } from '../topics/ports.js';
import { decodeDraft } from './envelope.js';
import type { Keys } from './keys.js';
import type { RedisLink } from './RedisLink.js';

/** What Redis says of an append: its place and whether it was known before; or of what the log is full that may drop nothing. */
export type Placed =
  | (Position & { readonly previous: number; readonly isKnown: boolean })
  | 'count'
  | 'bytes';

/** Where the logs of some topics of a partition end. */
export interface Tails {
  readonly epoch: string;
  /** what was accepted before this offset, this Redis may know nothing of */
  readonly since: number;
  readonly last: readonly number[];
}

/** A page of a log, with what tells whether something is missing before it. */
export interface Page extends History {
  readonly since: number;
  /** the last offset of which the message is gone */
  readonly dropped: number;
  /** offset of the last one looked at */
  readonly end: number;
}

type Entry = readonly [id: string, fields: readonly string[]];

const newEpoch = (): string => randomBytes(6).toString('hex');

/** The scripts with their keys and arguments in the order that they ask for. */
export class LogCalls {
  readonly #keys: Keys;

  constructor(keys: Keys) {
    this.#keys = keys;
  }

  /** `lostEpoch`: it was accepted in this epoch before, so if it is missing this epoch is over. */
  async append(
    link: RedisLink,
    partition: number,
    message: { readonly topic: string; readonly id: string; readonly expiresMs?: number },
    envelope: string,
    retention: Retention,
    lostEpoch = '',
  ): Promise<Placed> {
    const { topic, id, expiresMs } = message;
    const keys = this.#keys;
    const reply = (await link.script(
      'busAppend',
      [
        keys.place(partition),
        keys.meta(partition, topic),
        keys.log(partition, topic),
        keys.ids(partition, topic),
        keys.live(partition),
      ],
      [
        id,
        envelope,
        String(retention.count),
        String(retention.ageMs),
        String(retention.bytes),
        newEpoch(),
        lostEpoch,
        link.publishCommand,
        retention.whenFull === 'refuse' ? '1' : '',
        expiresMs === undefined ? '' : String(expiresMs),
        String(LIMITS.busIdsMs),
        String(LIMITS.busIdsCount),
        String(LIMITS.busMetaMs),
        String(LIMITS.busTrimCount),
        String(LIMITS.busAcceptedMs),
      ],
    )) as readonly string[];
    const [epoch = '', offset, previous, isKnown] = reply;
    if (epoch === 'FULL') return offset === 'count' ? 'count' : 'bytes';
    return { epoch, offset: Number(offset), previous: Number(previous), isKnown: isKnown === '1' };
  }

  /** At most `limit` messages behind the position, with their places. One of another epoch counts as none that is known. */
  async read(
    link: RedisLink,
    partition: number,
    topic: string,
    after: Position | undefined,
    limit: number,
  ): Promise<Page> {
    let page = await this.#page(link, partition, topic, after?.offset, limit);
    if (after === undefined) return page;
    const isKnown = after.epoch === page.latest.epoch;
    if (!isKnown) page = await this.#page(link, partition, topic, 0, limit);
    let recovered = isKnown && page.recovered;
    // Who pages goes on behind the last message of a page, so one without any would be the last one.
    while (page.messages.length === 0 && page.hasMore) {
      page = await this.#page(link, partition, topic, page.end, limit);
      recovered = false;
    }
    return { ...page, recovered };
  }

  /** As `read`, whatever epoch the offset is of: only for who knows by ids what it has had. */
  async #page(
    link: RedisLink,
    partition: number,
    topic: string,
    after: number | undefined,
    limit: number,
  ): Promise<Page> {
    const keys = this.#keys;
    const reply = (await link.script(
      'busRead',
      [keys.place(partition), keys.meta(partition, topic), keys.log(partition, topic)],
      [
        String(after ?? ''),
        // One more than asked for tells whether more follow; behind the newest nothing does.
        String(after === undefined ? limit : limit + 1),
        newEpoch(),
        String(LIMITS.busAcceptedMs),
        after === undefined ? 'last' : '',
        String(LIMITS.busReadBytes),
      ],
    )) as readonly [string, string, string, string, string, readonly Entry[], string, string];
    const [epoch, since, last, droppedText, now, found, isCut, top] = reply;
    const entries = after === undefined ? [...found].reverse() : found;
    const dropped = Number(droppedText);
    const messages: TopicMessage[] = [];
    let hasExpired = false;
    for (const [id, [, envelope = '', , expires]] of entries.slice(0, limit)) {
      if (expires !== undefined && Number(expires) <= Number(now)) {
        hasExpired = true;
        continue;
      }
      const draft = decodeDraft(envelope);
      if (draft !== undefined) messages.push({ ...draft, epoch, offset: Number.parseInt(id, 10) });
    }
    const recovered = after === undefined || (!hasExpired && dropped <= after && after <= Number(top));
    return {
      messages,
      recovered,
      latest: { epoch, offset: Number(last) },
      hasMore: after !== undefined && (entries.length > limit || isCut === '1'),
      since: Number(since),
      dropped,
      end: Number.parseInt(entries[Math.min(limit, entries.length) - 1]?.[0] ?? '0', 10),
    };
  }

  readAnyEpoch(
    link: RedisLink,
    partition: number,
    topic: string,
    after: number,
    limit: number,
  ): Promise<Page> {
    return this.#page(link, partition, topic, after, limit);
  }

  /** `seen`: the last offset that the asker has seen of each topic, in `epoch`. */
  async tails(
    link: RedisLink,
    partition: number,
    epoch: string,
    topics: readonly string[],
    seen: readonly number[],
  ): Promise<Tails> {
    const keys = [this.#keys.place(partition), ...topics.map((topic) => this.#keys.meta(partition, topic))];
    const args = [epoch, newEpoch(), String(LIMITS.busAcceptedMs), ...seen.map(String)];
    const [now = '', since, ...last] = (await link.script('busTails', keys, args)) as readonly string[];
    return { epoch: now, since: Number(since), last: last.map(Number) };
  }

  /** Which of these ids Redis does not know any more. */
  async missing(
    link: RedisLink,
    partition: number,
    topic: string,
    ids: readonly string[],
  ): Promise<boolean[]> {
    const scores = await link.call('ZMSCORE', this.#keys.ids(partition, topic), ...ids);
    return (scores as readonly unknown[]).map((score) => score === null);
  }
}
