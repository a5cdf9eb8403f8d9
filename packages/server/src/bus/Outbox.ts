import { partitionOf } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { Draft, Retention, TopicMessage } from '../topics/ports.js';
import type { Accepted, AcceptedLog } from './AcceptedLog.js';
import type { BusCounts } from './BusCounts.js';
import { encodeDraft } from './envelope.js';
import type { Keys } from './keys.js';
import type { LogCalls, Placed } from './LogCalls.js';
import type { PartitionLane } from './PartitionLane.js';
import type { RedisLink } from './RedisLink.js';
import { SaidLately } from './SaidLately.js';
import { isElsewhere, type Outgoing, unavailable, Waiting } from './Waiting.js';

export interface OutboxParts {
  readonly keys: Keys;
  readonly calls: LogCalls;
  readonly counts: BusCounts;
  readonly accepted: AcceptedLog;
  /** told how long it took until a message was accepted */
  readonly published: (ms: number) => void;
  readonly wallMs: () => number;
  readonly laneOf: (partition: number) => PartitionLane;
  /** to subscribers of this node, in no place yet; of a topic that was listened to */
  deliver(message: TopicMessage): void;
  /** the master of a partition did not take what it should */
  failed(partition: number, error: unknown): void;
}

/** Of a message that has no place yet. */
export const AWAY = { epoch: '', offset: 0 } as const;

/**
 * What was published on this node, until Redis has it. While Redis is away it waits; what needs no promise of Redis is told to subscribers
 * of this node and answered meanwhile.
 */
export class Outbox {
  readonly #parts: OutboxParts;
  readonly #waiting = new Waiting();
  readonly #lately = new SaidLately();
  #isClosed = false;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  get count(): number {
    return this.#waiting.count;
  }

  get bytes(): number {
    return this.#waiting.bytes;
  }

  /** A message of a topic without a log, which subscribers of this node have had. */
  send(draft: Draft): void {
    const outgoing = outgoingOf(draft, undefined, () => undefined);
    outgoing.isTold = true;
    if (!this.#waiting.hasRoom(outgoing)) {
      this.#parts.counts.dropped++;
      return;
    }
    this.#waiting.add(outgoing);
    this.#push(outgoing);
  }

  append(draft: Draft, retention: Retention): Promise<TopicMessage> {
    const { counts, laneOf, published } = this.#parts;
    return new Promise((resolve, reject) => {
      if (this.#isClosed) throw serverError('SERVER_STATE', 'The bus is closed.');
      const startedMs = performance.now();
      const outgoing = outgoingOf(draft, retention, (outcome) => {
        if (outcome instanceof Error) return reject(outcome);
        published(performance.now() - startedMs);
        resolve(outcome);
      });
      if (!this.#waiting.hasRoom(outgoing)) {
        counts.refused++;
        throw unavailable(`${this.#waiting.count} messages wait for Redis already, which is as many as may.`);
      }
      const isAway = laneOf(outgoing.partition).state === 'away';
      if (isAway && retention.durable) {
        counts.refused++;
        throw unavailable('Redis is away, and a message of this topic is accepted only when it is stored.');
      }
      this.#waiting.add(outgoing);
      if (isAway) this.#tell(outgoing);
      else this.#push(outgoing);
    });
  }

  /** Nobody serves the partition: what waits for it is to be sent anew. */
  rest(partition: number): void {
    const { counts, wallMs } = this.#parts;
    counts.dropped += this.#waiting.putBefore(partition, this.#lately.take(partition, wallMs()));
    for (const outgoing of [...this.#waiting.of(partition)]) {
      outgoing.sentIn = -1;
      this.#tell(outgoing);
    }
  }

  /** What has no log reaches only who is subscribed: other nodes get the time to be back as well. */
  sendWaiting(lane: PartitionLane): void {
    const waiting = [...this.#waiting.of(lane.partition)];
    lane.holdsLive = waiting.some(({ retention }) => retention === undefined);
    for (const outgoing of waiting) this.#push(outgoing);
    if (lane.holdsLive) this.#waitForOthers(lane, LIMITS.busOthersMsMax);
  }

  #waitForOthers(lane: PartitionLane, mostMs: number): void {
    const { service } = lane;
    const isOver = (): boolean => lane.service !== service || this.#isClosed;
    setTimeout(async () => {
      const restMs = mostMs - LIMITS.busOthersMs;
      const mayGo = isOver() || restMs <= 0 || (await lane.areOthersBack());
      if (isOver()) return;
      if (!mayGo) return this.#waitForOthers(lane, restMs);
      lane.holdsLive = false;
      for (const outgoing of [...this.#waiting.of(lane.partition)]) {
        if (outgoing.sentIn === -1) this.#push(outgoing);
      }
    }, LIMITS.busOthersMs);
  }

  refuseOverdue(): void {
    const before = this.#parts.wallMs() - LIMITS.busDurableMs;
    for (const outgoing of [...this.#waiting.all()]) {
      if (!outgoing.isTold && outgoing.draft.ts < before) {
        this.#refuse(outgoing, unavailable('Redis has not said in time that it accepted the message.'));
      }
    }
  }

  /** What waits for Redis is refused: nobody would ever send it. */
  close(): void {
    this.#isClosed = true;
    for (const outgoing of [...this.#waiting.all()])
      this.#refuse(outgoing, unavailable('This server is stopping.'));
  }

  /** To local subscribers and the publisher, in no place yet. */
  #tell(outgoing: Outgoing): void {
    if (outgoing.isTold || outgoing.retention === undefined || outgoing.retention.durable) return;
    outgoing.isTold = true;
    const message = { ...outgoing.draft, ...AWAY };
    if (this.#parts.laneOf(outgoing.partition).has(message.topic)) this.#parts.deliver(message);
    outgoing.done(message);
  }

  /** Sends it if Redis is there; else it is sent when Redis is back. */
  #push(outgoing: Outgoing): void {
    const { partition, envelope, retention } = outgoing;
    const { keys, laneOf, failed } = this.#parts;
    const lane = laneOf(partition);
    const { link, service } = lane;
    if (link === undefined) return;
    if (lane.holdsLive && retention === undefined) return;
    outgoing.sentIn = service;
    const sent: Promise<Placed | undefined> =
      retention === undefined
        ? link.publish(keys.live(partition), envelope).then((nodes) => {
            lane.heardBy = nodes;
            return undefined;
          })
        : this.#append(link, outgoing, retention);
    sent.then(
      (placed) => this.#placed(outgoing, placed),
      (error: unknown) => {
        if (outgoing.sentIn !== service || lane.service !== service) return;
        if (isElsewhere(error)) failed(partition, error);
        else
          this.#refuse(outgoing, unavailable(`Redis refuses a message: ${(error as Error).message}`, error));
      },
    );
  }

  /** Until then it waits: where the master dies meanwhile it is sent to the next one, under its id. */
  async #append(link: RedisLink, outgoing: Outgoing, retention: Retention): Promise<Placed> {
    const { keys, calls } = this.#parts;
    const { partition, draft, envelope } = outgoing;
    const placed = await calls.append(link, partition, draft, envelope, retention);
    if (retention.durable && typeof placed !== 'string')
      await link.replicated(keys.replicated(partition), () => this.#waiting.has(outgoing));
    return placed;
  }

  #placed(outgoing: Outgoing, placed: Placed | undefined): void {
    if (!this.#waiting.remove(outgoing)) return;
    const { counts, accepted, laneOf, wallMs } = this.#parts;
    const { partition, draft, envelope, bytes, retention } = outgoing;
    if (!outgoing.isAccepted) counts.published++;
    outgoing.isAccepted = true;
    if (retention === undefined) this.#lately.add(outgoing, wallMs());
    if (placed === undefined || retention === undefined) return;
    if (typeof placed === 'string') {
      counts.refused++;
      const code = placed === 'count' ? 'TOPIC_FULL' : 'TOPIC_FULL_BYTES';
      outgoing.done(
        serverError(
          code,
          `${draft.topic} has all the ${placed === 'count' ? 'messages' : 'bytes'} it may, and drops nothing.`,
        ),
      );
      return;
    }
    const { epoch, offset, previous, isKnown } = placed;
    const message: TopicMessage = { ...draft, epoch, offset };
    const entry: Accepted = { message, envelope, bytes, retention };
    accepted.add(partition, entry, wallMs());
    if (!isKnown) laneOf(partition).hear({ message, previous });
    outgoing.done(message);
  }

  #refuse(outgoing: Outgoing, error: Error): void {
    if (!this.#waiting.remove(outgoing)) return;
    if (!outgoing.isAccepted) this.#parts.counts.refused++;
    outgoing.done(error);
  }
}

function outgoingOf(draft: Draft, retention: Retention | undefined, done: Outgoing['done']): Outgoing {
  const envelope = encodeDraft(draft);
  return {
    partition: partitionOf(draft.topic),
    draft,
    envelope,
    bytes: Buffer.byteLength(envelope),
    retention,
    sentIn: -1,
    isTold: false,
    isAccepted: false,
    done,
  };
}
