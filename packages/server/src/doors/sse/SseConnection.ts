import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { Visit } from '../../interceptors/Guests.js';
import type { Principal } from '../../security/PermissionPolicy.js';
import type { Position, SharedMessage, Subscriber, SubscriptionEnd, Topics } from '../../topics/ports.js';
import type { Seat } from '../ConnectionQuota.js';
import { EventStream, type LeaveReason, type StreamHome, type StreamKind } from '../held/EventStream.js';
import { EventPlaces } from './EventPlaces.js';
import { type FrameMemo, withoutId } from './FrameMemo.js';
import { connectedFrame, deniedFrame, resyncFrame } from './sseFrames.js';
import { EVERYBODY } from './topicsAsked.js';

export interface SseParts {
  readonly home: StreamHome;
  readonly kind: StreamKind;
  readonly memo: FrameMemo;
}

/** Who follows what, until when. */
export interface SseVisit {
  readonly principal: Principal;
  readonly seat: Seat;
  /** whom its end is told */
  readonly visit: Pick<Visit, 'left'>;
  /** as `topicsAsked` has them */
  readonly asked: readonly string[];
  /** on the clock of `home` */
  readonly endsAtMs: number;
  readonly endsFor: LeaveReason;
}

/** What happened before the answer was open. */
class Early {
  readonly heard: SharedMessage[] = [];
  /** topics of which something is missing */
  readonly missed = new Set<string>();
  readonly denied: string[] = [];
  readonly isResumed: boolean;

  constructor(isResumed: boolean) {
    this.isResumed = isResumed;
  }
}

/** One event stream: follows its topics, and says with each message how far it has come in all of them (SSE-20). */
export class SseConnection extends EventStream implements Subscriber {
  override readonly principal: Principal;
  readonly #topics: Topics;
  readonly #memo: FrameMemo;
  readonly #seat: Seat;
  readonly #visit: Pick<Visit, 'left'>;
  /** those asked for, then `global` */
  readonly #names: readonly string[];
  readonly #askedCount: number;
  readonly #places: EventPlaces;
  #deniedCount = 0;
  #early: Early | undefined;

  constructor(topics: Topics, { home, kind, memo }: SseParts, visit: SseVisit) {
    super(home, kind, visit.endsAtMs, visit.endsFor);
    const { principal, seat, asked } = visit;
    this.#visit = visit.visit;
    this.principal = principal;
    this.#topics = topics;
    this.#memo = memo;
    this.#seat = seat;
    this.#names = asked.includes(EVERYBODY) ? asked : [...asked, EVERYBODY];
    this.#askedCount = asked.length;
    this.#places = new EventPlaces(this.#names);
  }

  /**
   * Follows all topics, from the places that an id names where one is given. Rejects with what `Topics.subscribe` throws of a topic that was
   * asked for; nothing is left of it then.
   */
  async follow(lastId: string | undefined): Promise<void> {
    const early = new Early(lastId !== undefined);
    this.#early = early;
    const places = lastId === undefined ? undefined : EventPlaces.read(lastId, this.#names);
    const begun = await Promise.allSettled(
      this.#names.map((topic, at) =>
        this.#followOne(early, topic, at, places === 'foreign' ? undefined : places?.[at]),
      ),
    );
    // It may have been ended meanwhile, before the last of them was followed.
    if (this.isOver) this.#unfollow();
    const failed = begun.find(({ status }) => status === 'rejected');
    if (failed === undefined) return;
    this.destroy();
    throw (failed as PromiseRejectedResult).reason;
  }

  async #followOne(early: Early, topic: string, at: number, since: Position | undefined): Promise<void> {
    const isAsked = at < this.#askedCount;
    if (!isAsked && !this.#topics.mayHear(topic, this.principal)) return;
    const options = since === undefined ? { echo: true } : { echo: true, since };
    const { recovered, position } = await this.#topics.subscribe(topic, this, options);
    this.#places.set(at, position);
    // Who comes back without a place in it does not know what it missed. Nobody counts on what is for everybody.
    const isMissed = early.isResumed && since === undefined ? isAsked : !recovered;
    if (isMissed) early.missed.add(topic);
  }

  deliver(shared: SharedMessage): void {
    if (this.#early === undefined) this.#write(shared);
    else this.#early.heard.push(shared);
  }

  lost(topic: string): void {
    if (this.#early === undefined) this.push(resyncFrame([topic]));
    else this.#early.missed.add(topic);
  }

  ended(topic: string, why: SubscriptionEnd): void {
    if (why === 'CLOSED') this.leave('shutdown');
    else if (this.#early === undefined) this.#deny(topic);
    else this.#early.denied.push(topic);
  }

  protected opened(response: ServerResponse): void {
    const early = this.#early ?? new Early(false);
    this.#early = undefined;
    this.#stepBack(early.heard);
    const { isResumed, missed } = early;
    const told = {
      clientId: randomUUID(),
      requestId: response.getHeader('X-Request-Id'),
      ...(isResumed && { recovered: missed.size === 0 }),
    };
    this.push(connectedFrame(this.#places.id, told));
    if (missed.size > 0) this.push(resyncFrame([...missed]));
    for (const shared of early.heard) this.#write(shared);
    for (const topic of early.denied) this.#deny(topic);
  }

  protected gone(): void {
    this.#early = undefined;
    this.#seat.leave();
    this.#visit.left();
    this.#unfollow();
  }

  /** The first id stands before everything that was heard: who gets that frame alone misses nothing. */
  #stepBack(heard: readonly SharedMessage[]): void {
    const done = new Set<string>();
    for (const { message } of heard) {
      const { topic, epoch, offset } = message;
      if (epoch === '' || done.has(topic)) continue;
      done.add(topic);
      const at = this.#places.indexOf(topic);
      const place = this.#places.at(at);
      if (place !== undefined && place.epoch === epoch && place.offset < offset) continue;
      this.#places.set(at, { epoch, offset: offset - 1 });
    }
  }

  #write(shared: SharedMessage): void {
    const { message } = shared;
    if (message.epoch === '') {
      // One of a topic with a log has no place while the log is away.
      if (this.isBehind && !this.#topics.isLogged(message.topic)) this.home.droppedOne();
      else this.push(withoutId(shared));
      return;
    }
    this.#places.set(this.#places.indexOf(message.topic), message);
    this.push(this.#memo.frame(shared, this.#places.id));
  }

  #deny(topic: string): void {
    if (this.#places.indexOf(topic) >= this.#askedCount) return;
    this.push(deniedFrame(topic));
    if (++this.#deniedCount === this.#askedCount) this.leave('denied');
  }

  /** Whoever closes a stream and whoever loses it look alike: both may be back soon. */
  #unfollow(): void {
    for (const topic of this.#names) this.#topics.unsubscribe(topic, this, true);
  }
}
