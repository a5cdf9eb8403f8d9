import type { AuthAckMessage, ErrorCode, ErrorMessage, ServerMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { Connection, type ConnectionPorts } from './Connection.js';
import { describeWrite } from './describeWrite.js';
import { earliest, type Feed, Feeds } from './Feeds.js';
import { JointSwap } from './JointSwap.js';
import { opId, type PendingOp, wholeOf } from './PendingOp.js';
import type { MergedWants } from './ports.js';
import { QueryFeed, queryNameOf } from './QueryFeed.js';
import type { Realm } from './Realm.js';
import { Scope } from './Scope.js';
import { Settlement } from './Settlement.js';
import { SleepGuard } from './SleepGuard.js';
import { fateOf } from './staleOps.js';
import { Topics } from './Topics.js';
import { Uploader, type UploaderPorts } from './Uploader.js';
import type { Verdict } from './Verdict.js';
import { isRetriable, wireError } from './wireErrors.js';

const RETRY_MS = 1000;

/** Everything between the uploader's realm and the server: the connection, and what goes over it in both directions. */
export class Uplink implements UploaderPorts, ConnectionPorts {
  readonly connection: Connection;
  readonly uploader: Uploader;
  /** By map. */
  readonly scopes: Feeds<Scope>;
  /** By the name of the question. */
  readonly queries: Feeds<QueryFeed>;
  readonly topics: Topics;
  readonly #sleep: SleepGuard;
  readonly #realm: Realm;
  /** Closed queries whose rows stay for a while, so that an app finds them when it comes back to a page, offline too. */
  readonly #retained = new Map<string, QueryFeed>();
  readonly #joint: JointSwap;
  readonly #settlement: Settlement;
  #wants: MergedWants = { maps: new Map(), queries: new Map(), topics: new Map() };
  #req = 0;
  #areFeedsOpen = false;

  constructor(realm: Realm) {
    this.#realm = realm;
    const { fx, replica } = realm;
    const nextReq = (): number => ++this.#req;
    this.topics = new Topics(fx);
    this.#sleep = new SleepGuard(fx);
    this.scopes = new Feeds(
      realm,
      'sync',
      (name) => {
        const map = replica.maps.get(name) ?? replica.set(name, this.#wants.maps.get(name) ?? 'LWW');
        return new Scope(realm, map, nextReq, () => this.scopes.retryLater(name));
      },
      (map) => this.connection.isUp && fx.send({ type: 'SYNC_END', map }),
    );
    this.queries = new Feeds(
      realm,
      'query',
      (name) =>
        new QueryFeed(realm, nextReq, name, ...(this.#wants.queries.get(name) ?? (['', {}] as const))),
      (name, feed) => {
        if (this.connection.isUp) fx.send({ type: 'QUERY_UNSUB', query: feed.ref });
        this.#retained.set(name, feed);
      },
    );
    this.#joint = new JointSwap(
      () => this.#feeds(),
      (message) => this.#take(message),
    );
    this.#settlement = new Settlement(realm, this);
    this.uploader = new Uploader(realm, this);
    this.connection = new Connection(realm, this);
  }

  /** Whether some realm has the map open, or a query on it. */
  isInUse(name: string): boolean {
    const { maps, queries } = this.#wants;
    return maps.has(name) || [...queries.values()].some(([map]) => map === name);
  }

  want(wants: MergedWants): void {
    this.#wants = wants;
    const { maps } = this.#realm.replica;
    // Realms that disagree about the kind of a map have been told; the stored kind is asked for.
    this.scopes.want(
      new Set(
        [...wants.maps].flatMap(([name, kind]) => ((maps.get(name)?.kind ?? kind) === kind ? [name] : [])),
      ),
    );
    // A query on a map that is here as a whole needs no help of the server.
    this.queries.want(
      new Set([...wants.queries].flatMap(([name, [map]]) => (this.scopes.get(map) ? [] : [name]))),
    );
    this.topics.want(wants.topics);
    this.#moved();
    for (const [name, feed] of this.#retained) {
      if (!this.queries.get(name)) {
        if (this.#retained.size <= LIMITS.retainedQueries) continue;
        feed.releaseAll();
      }
      this.#retained.delete(name);
    }
  }

  /** A follower asks whether this leader lives. */
  pinged(): void {
    this.#sleep.pinged(this.#realm.clock.monoMs());
    this.#realm.tabs.post({ type: 'pong' });
  }

  message(message: ServerMessage): void {
    const mayWait = this.connection.isUp && this.#sleep.holds(message, this.#realm.clock.monoMs());
    if (!mayWait) this.#heard(message);
  }

  #heard(message: ServerMessage): void {
    if (this.connection.receive(message)) return;
    switch (message.type) {
      case 'OP_ACK':
        this.uploader.answer(message);
        this.#settlement.endAnswer();
        return this.#openFeeds();
      case 'TOPIC_MSG':
      case 'TOPIC_HEARD':
        this.topics.came(message);
        this.#realm.tabs.post({ type: 'topic', message });
        return this.#realm.deliver(message);
      case 'ERROR':
        return this.#error(message);
      default:
        if (this.#joint.keeps(message)) return;
        this.#take(message);
        this.#moved();
    }
  }

  /** Gives a message to the scope or query it is for. */
  #take(message: ServerMessage): void {
    switch (message.type) {
      case 'QUERY_RESP':
      case 'QUERY_UPDATE':
        return this.queries.get(queryNameOf(message.query))?.message(message);
      case 'MERKLE_RESP':
      case 'ROWS_RESP':
        if (message.query !== undefined)
          return this.queries.get(queryNameOf(message.query))?.message(message);
        return this.scopes.get(message.map)?.message(message);
      case 'SYNC_ROOT':
      case 'SYNC_DELTA':
      case 'CURSOR':
      case 'SERVER_EVENT':
      case 'GC_PRUNE':
        return this.scopes.get(message.map)?.message(message);
      default:
    }
  }

  /** Scopes or queries have come further, or gone. */
  #moved(): void {
    this.#joint.moved();
    this.#settlement.releaseAll();
  }

  /** Notes of each map, once all that follows it is complete, in which life of the server's store it is so (DEV-8). */
  noteProven(): void {
    const { replica, incarnation } = this.#realm;
    for (const map of replica.maps.values()) {
      if (map.incarnation === incarnation) continue;
      const scope = this.scopes.get(map.name);
      const follows = scope ? [scope] : [...this.queries.all()].filter((query) => query.map === map.name);
      if (follows.length > 0 && follows.every(({ isComplete }) => isComplete))
        replica.proven(map, incarnation);
    }
  }

  /** Base shows a state from before, while what follows it is on its way (RES-6). */
  get isHeld(): boolean {
    return this.#joint.isHeld;
  }

  *#feeds(): Iterable<Feed> {
    yield* this.scopes.all();
    yield* this.queries.all();
  }

  /** Starts every scope and query over: base may have changed behind their back. */
  resync(): void {
    if (!this.#areFeedsOpen) return;
    this.scopes.open();
    this.queries.open();
  }

  /** Takes a dead realm with nothing left to answer out of the log; false while something is. */
  endSession(session: string): boolean {
    const { answered } = this.#realm;
    const { sessions } = this.#realm.log;
    if (!this.connection.isUp || sessions.get(session)?.ops.size !== 0 || answered.has(session)) return false;
    return sessions.delete(session);
  }

  timer(name: string): void {
    // Neither names of maps nor those of queries hold spaces.
    const [kind, about = ''] = name.split(' ');
    if (kind === 'beat') this.connection.beat();
    else if (kind === 'retry') this.connection.retry();
    else if (kind === 'later') this.uploader.retryLater();
    else if (kind === 'awake') for (const message of this.#sleep.release()) this.#heard(message);
    else if (kind === 'answered') this.#realm.answered.look();
    else if (kind === 'sync') this.scopes.restart(about);
    else if (kind === 'query') this.queries.restart(about);
    else if (kind === 'topics') this.topics.retry();
  }

  /** A final refusal: the op goes, what it was is kept for the app, in one transaction (DEV-7). */
  refuse(op: PendingOp, code: ErrorCode, reason?: string): void {
    const { log, rejections, conflicts, session } = this.#realm;
    const fate = code === 'STALE_OP' ? fateOf(op, this.#realm) : code === 'UNKNOWN_CLIENT' ? 'park' : 'drop';
    if (fate === 'again') {
      log.reissue(op, true);
      return this.#settlement.refused(op);
    }
    if (typeof fate === 'object') {
      this.#settlement.refused(op);
      const later = wholeOf(fate);
      const isFollowed = op.session === session && later.session === session && !later.isAnswered;
      return this.#realm.settle(op, 'superseded', undefined, isFollowed ? later.seq : undefined);
    }
    const why = reason ? { code, reason } : { code };
    const refused = { id: opId(log.clientId, op), ...describeWrite(op), ...why };
    rejections.add(fate === 'park' ? { ...refused, isParked: true } : refused);
    conflicts.add(op, { outcome: 'rejected', ...why });
    this.#settlement.refused(op);
    this.#realm.answered.ended(op);
    this.#realm.settle(op, 'rejected', code, undefined, reason);
  }

  fold(op: PendingOp, verdict: Verdict): void {
    // One that is sent again was folded and told of at its first answer; the walk that follows shows what stands.
    if (op.isAgain) return this.#settlement.leave(op);
    this.#settlement.answered(op, verdict);
    this.#realm.settle(op, verdict.outcome, verdict.isPersisted ? undefined : 'VOLATILE_MAP');
  }

  // ── what the uploader and the connection ask ──

  armLater(delayMs: number): void {
    this.#realm.fx.arm('later', delayMs);
    // Most refusals of this sort are about time: have the server's before the next try.
    this.connection.ping();
  }

  mustWait(op: PendingOp): boolean {
    return this.#settlement.mustWait(op);
  }

  waitingSinceMs(): number | undefined {
    return earliest([this.uploader, this.scopes, this.queries].map((part) => part.waitingSinceMs));
  }

  sessions(): readonly string[] {
    return this.uploader.sessionsFor(this.#realm.session);
  }

  /** The server has forgotten this client, which goes on under a new id. What may have been sent under the old one is the app's to decide. */
  forgotten(): void {
    const { log, store, answered } = this.#realm;
    for (const op of [...log.ops()]) if (op.isSent) this.refuse(op, 'UNKNOWN_CLIENT');
    answered.clear();
    log.incarnation = undefined;
    store.del(['meta', 'incarnation']);
    this.#realm.drawClientId();
  }

  up(ack: AuthAckMessage): void {
    this.#meet(ack.incarnation);
    this.#realm.answered.up(ack.incarnation);
    this.uploader.open(ack.incarnation, ack.limits);
    this.topics.open();
    this.#openFeeds();
    this.#realm.touch();
  }

  down(): void {
    for (const part of [this.uploader, this.scopes, this.queries, this.topics]) part.close();
    this.#joint.clear();
    this.#sleep.release();
    this.#areFeedsOpen = false;
    this.#realm.answered.down();
    this.#realm.fx.cancel('later');
    this.#realm.touch();
  }

  /** Another life of the server's store: what the last one said of places and order means nothing any more (INC-1). */
  #meet(incarnation: string): void {
    const isOther = this.#realm.incarnation !== '' && this.#realm.incarnation !== incarnation;
    this.#realm.incarnation = incarnation;
    if (!isOther) return;
    const { log, replica } = this.#realm;
    this.#settlement.forget();
    log.assumeSent();
    for (const map of replica.maps.values()) map.forgetServer();
  }

  /** Compares with the server only what it has been given again: what is still on its way there would seem to be deleted. */
  #openFeeds(): void {
    if (this.#areFeedsOpen || !this.connection.isUp) return;
    if (this.uploader.isSending(this.#realm.answered.again())) return;
    this.#areFeedsOpen = true;
    this.scopes.open();
    this.queries.open();
  }

  #error(message: ErrorMessage): void {
    const isKnown = this.scopes.error(message) || this.queries.error(message) || this.topics.error(message);
    this.#moved();
    if (message.code === 'CLOCK_SKEW') {
      // Ops carry the stamps, and are refused one by one; this says what time it is.
      const { clock } = this.#realm;
      if (message.serverTime !== undefined) clock.correct(message.serverTime, clock.monoMs());
    } else if (message.code === 'RESYNC') {
      if (!isKnown) this.resync();
    } else if (!isRetriable(message.code)) {
      this.#realm.fail(
        wireError(message.code, `${message.ref ?? 'server'}: ${message.message}`, message.path),
      );
    } else if (!isKnown) {
      this.uploader.pause(message.retryAfterMs ?? RETRY_MS);
      this.#openFeeds();
    }
  }
}
