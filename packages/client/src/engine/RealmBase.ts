import type { TopGunError } from '@topgun/core';
import type { TopicHeardMessage, TopicMsgMessage } from '@topgun/protocol';
import { Announcer } from './Announcer.js';
import type { ClientEffects, ClientEvent, RealmOptions, SettledOutcome, TopicWant } from './ports.js';
import { RealmClock } from './RealmClock.js';
import { randomId } from './randomId.js';
import { StatusBoard } from './StatusBoard.js';
import { StoreWriter } from './StoreWriter.js';
import { Tabs } from './Tabs.js';

/** What every part of one realm stands on: effects, identity, clock, store, and the ways to the app and to other realms. */
export class RealmBase {
  readonly fx: ClientEffects;
  readonly options: RealmOptions;
  /** This realm's id: node id of its clock, and part of the ids of its ops. Drawn anew by every realm (ID-1). */
  readonly session: string;
  readonly store: StoreWriter;
  readonly clock: RealmClock;
  readonly tabs: Tabs;
  readonly announcer = new Announcer();
  readonly status = new StatusBoard();
  /** Topics that the app of this realm listens to. */
  readonly topics = new Map<string, TopicWant>();
  /** The life of the server's store that the connection has met; empty before the first. */
  incarnation = '';
  #isTicking = false;

  constructor(options: RealmOptions, fx: ClientEffects) {
    this.fx = fx;
    this.options = options;
    this.session = randomId(options.random, 64);
    this.store = new StoreWriter(fx, options.durability === 'strict');
    this.clock = new RealmClock(this.session, options.clock, this.store, () => randomId(options.random, 64));
    this.tabs = new Tabs(fx, this.session);
  }

  /** Whether this realm uploads. */
  get isLeader(): boolean {
    return this.tabs.isLeader;
  }

  /** Something happened that the end of this turn has to deal with. */
  touch(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.fx.arm('tick', 0);
  }

  /** The turn ends now; what happens from here on is for the next. */
  ticked(): void {
    this.#isTicking = false;
  }

  /** For the app, at the end of the turn. */
  emit(event: ClientEvent): void {
    this.announcer.add(event);
    this.touch();
  }

  fail(error: TopGunError): void {
    this.emit({ type: 'error', error });
  }

  /** Tells who made an op how it ended: the app of this realm, or the realm it came from, while that one lives. */
  settle(
    { session, seq }: { readonly session: string; readonly seq: number },
    outcome: SettledOutcome,
    code?: string,
    by?: number,
    reason?: string,
  ): void {
    if (session === this.session) this.emit({ type: 'settled', seq, outcome, by, code, reason });
    else if (!this.tabs.isDead(session))
      this.tabs.post({ type: 'settled', session, seq, outcome, code, reason });
  }

  /** A message of a topic, for the app if it listens. */
  deliver(message: TopicMsgMessage | TopicHeardMessage): void {
    const { topic, epoch, offset = 0 } = message;
    const want = this.topics.get(topic);
    if (!want) return;
    if (epoch !== undefined)
      this.topics.set(topic, { at: want.at, place: [epoch, offset], state: want.state });
    this.emit({ type: 'topic', message });
  }
}
