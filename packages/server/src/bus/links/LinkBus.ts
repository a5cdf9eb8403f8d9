import { LIMITS } from '@topgun/protocol';
import type { LinkChannel, NodeLinks } from '../../cluster/ports.js';
import type { LogPage, PostgresLog } from '../../topics/log/PostgresLog.js';
import type {
  Bus,
  BusListener,
  Draft,
  History,
  Position,
  Retention,
  TopicMessage,
} from '../../topics/ports.js';
import type { Logger } from '../../utils/logger.js';
import { BusCounts } from '../BusCounts.js';
import { AWAY } from '../Outbox.js';
import type { BusStats, BusTimes } from '../RedisBus.js';
import { SeenIds } from '../SeenIds.js';
import { Interests } from './Interests.js';
import { LinkLine, type PlacedMessage } from './LinkLine.js';
import { Listening } from './Listening.js';

/** Links that know whether all of them are up, and tell several nodes at the price of one. */
export interface TopicLinks extends Pick<NodeLinks, 'up' | 'send' | 'read' | 'onChange'> {
  readonly isWhole: boolean;
  sendTo(nodes: Iterable<string>, channel: LinkChannel, message: unknown): void;
}

export interface LinkBusParts {
  readonly links: TopicLinks;
  /** that all nodes share; opened and closed by who made it */
  readonly log: Pick<
    PostgresLog,
    'place' | 'read' | 'readAnyEpoch' | 'tails' | 'lastGiven' | 'isAway' | 'waiting'
  >;
  /** whether messages of a topic are kept */
  readonly isLogged: (topic: string) => boolean;
  readonly logger: Logger;
  readonly wallMs: () => number;
  /** of a clock that never goes back */
  readonly monoMs: () => number;
  readonly times?: () => Pick<BusTimes, 'busPublished' | 'busHeard'>;
}

/** What nodes say on the channel `topics`. */
type Said =
  | readonly ['listen', number: number, topics: readonly string[]]
  | readonly ['heard', number: number]
  | readonly ['unlisten', topics: readonly string[]]
  | readonly ['sent', draft: Draft]
  | readonly ['placed', message: TopicMessage, previous: number]
  | readonly ['moved', topic: string];

/**
 * Topics of a cluster without Redis (CLU-50 to CLU-54): over the links between its nodes, and, where messages are kept, by way of PostgreSQL. A
 * node tells the others what it listens to, and is told that alone. The log decides: it gives the places, and whatever a link has lost is
 * read from it, for each message names the one before it.
 */
export class LinkBus implements Bus {
  readonly #parts: LinkBusParts;
  readonly #interests = new Interests();
  readonly #listening: Listening;
  readonly #lines = new Map<string, LinkLine>();
  readonly #gapped = new Set<LinkLine>();
  readonly #counts = new BusCounts();
  readonly #seen: SeenIds;
  #listener: BusListener | undefined;
  #looking: NodeJS.Timeout | undefined;
  #verifying: NodeJS.Timeout | undefined;
  #ticks = 0;
  /** what the log had given out when the lines were last held against it */
  #verifiedTo = -1;
  #isClosed = false;

  constructor(parts: LinkBusParts) {
    this.#parts = parts;
    this.#seen = new SeenIds(parts.wallMs());
    const { links } = parts;
    this.#listening = new Listening({
      listen: (node, number, topics) => this.#say(node, ['listen', number, topics]),
      unlisten: (node, topics) => this.#say(node, ['unlisten', topics]),
    });
    links.read('topics', (from, message) => this.#take(from, message as Said));
    links.onChange((node, isUp) => {
      if (isUp) this.#listening.up(node);
      else {
        this.#interests.drop(node);
        this.#listening.down(node);
      }
      // What was on its way then is in the log.
      void this.#compareAll();
    });
  }

  open(listener: BusListener): Promise<void> {
    this.#listener = listener;
    for (const node of this.#parts.links.up) this.#listening.up(node);
    this.#verifying = setInterval(() => this.#verify(), LIMITS.linkVerifyMs);
    return Promise.resolve();
  }

  get status(): 'ok' | 'degraded' {
    const { links, log } = this.#parts;
    return links.isWhole && !log.isAway ? 'ok' : 'degraded';
  }

  stats(): BusStats {
    const { links, log } = this.#parts;
    return this.#counts.snapshot({
      status: this.status,
      connections: links.up.size,
      memory: [],
      waiting: log.waiting.count,
      waitingBytes: log.waiting.bytes,
      topics: this.#listening.size,
    });
  }

  listen(topic: string): void {
    if (!this.#listening.add(topic) || !this.#parts.isLogged(topic)) return;
    const line = new LinkLine(topic, {
      deliver: (message) => this.#listener?.message(message),
      fill: (of, after) => void this.#fill(of, after),
      lost: () => {
        this.#counts.lost++;
        this.#listener?.lost(topic);
      },
      gapped: (of) => this.#lookLater(of),
    });
    this.#lines.set(topic, line);
    void this.#compare([line]);
  }

  unlisten(topic: string): void {
    this.#listening.remove(topic);
    this.#lines.get(topic)?.end();
    this.#lines.delete(topic);
  }

  send(draft: Draft): void {
    const { topic, id } = draft;
    if (this.#isClosed || !this.#seen.add(topic, id, this.#parts.wallMs())) return;
    this.#counts.published++;
    this.#listener?.message({ ...draft, ...AWAY });
    this.#tell(topic, ['sent', draft]);
  }

  async append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const { log, monoMs, times } = this.#parts;
    const startMs = monoMs();
    try {
      const { message, previous, isKnown } = await log.place(draft, retention);
      this.#counts.published++;
      times?.().busPublished(monoMs() - startMs);
      if (isKnown) this.#moved(message);
      else {
        this.#lines.get(draft.topic)?.hear({ message, previous }, monoMs());
        this.#tell(draft.topic, ['placed', message, previous]);
      }
      return message;
    } catch (error) {
      this.#counts.refused++;
      throw error;
    }
  }

  async read(topic: string, after: Position | undefined, limit: number): Promise<History> {
    // Nothing is missed between what is read and what comes.
    await this.#listening.stands(topic);
    await this.#lines.get(topic)?.opened();
    return this.#parts.log.read(topic, after, limit);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#looking);
    clearInterval(this.#verifying);
    for (const line of this.#lines.values()) line.end();
    this.#lines.clear();
    return Promise.resolve();
  }

  #take(from: string, said: Said): void {
    switch (said[0]) {
      case 'listen':
        this.#interests.add(from, said[2]);
        return this.#say(from, ['heard', said[1]]);
      case 'heard':
        this.#listening.acknowledged(from, said[1]);
        return;
      case 'unlisten':
        return this.#interests.remove(from, said[1]);
      case 'sent':
        return this.#hearSent(said[1]);
      case 'placed':
        return this.#hearPlaced({ message: said[1], previous: said[2] });
      case 'moved': {
        const line = this.#lines.get(said[1]);
        if (line !== undefined) void this.#compare([line]);
      }
    }
  }

  #hearSent(draft: Draft): void {
    if (!this.#listening.has(draft.topic)) return;
    this.#received(draft);
    if (this.#seen.add(draft.topic, draft.id, this.#parts.wallMs()))
      this.#listener?.message({ ...draft, ...AWAY });
    else this.#counts.deduplicated++;
  }

  #hearPlaced(placed: PlacedMessage): void {
    const line = this.#lines.get(placed.message.topic);
    if (line === undefined) return;
    this.#received(placed.message);
    line.hear(placed, this.#parts.monoMs());
  }

  #received({ ts }: Draft): void {
    this.#counts.received++;
    this.#parts.times?.().busHeard(Math.max(0, this.#parts.wallMs() - ts));
  }

  /** A message is in the log of which its node may have heard nothing, and then nobody has. */
  #moved({ topic }: TopicMessage): void {
    const line = this.#lines.get(topic);
    if (line !== undefined) void this.#compare([line]);
    this.#tell(topic, ['moved', topic]);
  }

  #verify(): void {
    this.#ticks++;
    const isDue = this.#ticks % (LIMITS.busVerifyMs / LIMITS.linkVerifyMs) === 0;
    if (isDue || !this.#parts.links.isWhole) void this.#compareAll();
  }

  /** Holds every line against the end of its log, if any topic has gone on since that was done. */
  async #compareAll(): Promise<void> {
    if (this.#lines.size === 0) return;
    try {
      const given = await this.#parts.log.lastGiven();
      if (given === this.#verifiedTo) return;
      const lines = [...this.#lines.values()];
      for (let from = 0; from < lines.length; from += LIMITS.linkTopics)
        if (!(await this.#compare(lines.slice(from, from + LIMITS.linkTopics)))) return;
      this.#verifiedTo = given;
    } catch (error) {
      this.#failed(error);
    }
  }

  /** False where the log cannot be read. */
  async #compare(lines: readonly LinkLine[]): Promise<boolean> {
    const { log, monoMs } = this.#parts;
    try {
      await Promise.all(lines.map(({ topic }) => this.#listening.stands(topic)));
      const { epoch, last } = await log.tails(lines.map(({ topic }) => topic));
      for (const [at, line] of lines.entries())
        if (this.#lines.get(line.topic) === line) line.stands(epoch, last[at] as number, monoMs());
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  async #fill(line: LinkLine, after: number): Promise<void> {
    const { log, monoMs } = this.#parts;
    this.#counts.fills++;
    let page: LogPage;
    try {
      page = await log.readAnyEpoch(line.topic, after, LIMITS.busReadCount);
    } catch (error) {
      this.#failed(error);
      return line.failed(monoMs());
    }
    if (this.#lines.get(line.topic) === line) line.filled(page, monoMs());
  }

  /** The lines are held against the log again when it can be read. */
  #failed(error: unknown): void {
    this.#verifiedTo = -1;
    if (!this.#isClosed) this.#parts.logger.debug({ err: error }, 'the log of a topic could not be read');
  }

  #lookLater(line: LinkLine): void {
    this.#gapped.add(line);
    this.#looking ??= setTimeout(() => this.#lookNow(), LIMITS.linkReorderMs);
  }

  #lookNow(): void {
    this.#looking = undefined;
    const nowMs = this.#parts.monoMs();
    const lines = [...this.#gapped];
    this.#gapped.clear();
    for (const line of lines) {
      line.look(nowMs);
      if (line.isGapped) this.#lookLater(line);
    }
  }

  #tell(topic: string, said: Said): void {
    this.#parts.links.sendTo(this.#interests.of(topic), 'topics', said);
  }

  #say(node: string, said: Said): void {
    this.#parts.links.send(node, 'topics', said);
  }
}
