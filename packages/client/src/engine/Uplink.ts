import {
  type AuthAckMessage,
  type ErrorCode,
  type ErrorMessage,
  OP,
  type ServerMessage,
  type TopicMsgMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { Connection, type ConnectionPorts } from './Connection.js';
import { earliest, Feeds } from './Feeds.js';
import { type Coverage, foldAnswer, settleCounter } from './foldAnswer.js';
import { OP_NAMES, opId, type PendingOp } from './PendingOp.js';
import type { MergedWants } from './ports.js';
import { QueryFeed, queryNameOf } from './QueryFeed.js';
import type { Realm } from './Realm.js';
import type { ReplicaMap } from './ReplicaMap.js';
import { Scope } from './Scope.js';
import { Topics } from './Topics.js';
import { Uploader, type UploaderPorts, type Verdict } from './Uploader.js';
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
  readonly #realm: Realm;
  /** Closed queries whose rows stay for a while, so that an app finds them when it comes back to a page, offline too. */
  readonly #retained = new Map<string, QueryFeed>();
  /** Answered ops that wait in the overlay for an earlier one of their key. */
  readonly #held = new Map<PendingOp, Verdict>();
  /** An increment of each counter that the answer at hand concerns; it settles as a whole. */
  readonly #counted = new Map<string, PendingOp>();
  #wants: MergedWants = { maps: new Map(), queries: new Map(), topics: new Set() };
  #req = 0;

  constructor(realm: Realm) {
    this.#realm = realm;
    const { fx, replica } = realm;
    const nextReq = (): number => ++this.#req;
    this.topics = new Topics(fx);
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
    this.uploader = new Uploader(realm, this);
    this.connection = new Connection(realm, this);
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
    this.#releaseHeld();
    for (const [name, feed] of this.#retained) {
      if (!this.queries.get(name)) {
        if (this.#retained.size <= LIMITS.retainedQueries) continue;
        feed.releaseAll();
      }
      this.#retained.delete(name);
    }
  }

  message(message: ServerMessage): void {
    if (this.connection.receive(message)) return;
    switch (message.type) {
      case 'OP_ACK':
        this.uploader.answer(message);
        for (const op of this.#counted.values()) this.#settleCounter(op);
        return this.#counted.clear();
      case 'QUERY_RESP':
      case 'QUERY_UPDATE':
        return this.queries.get(queryNameOf(message.query))?.message(message);
      case 'TOPIC_MSG':
        return this.#topic(message);
      case 'ERROR':
        return this.#error(message);
      case 'SYNC_ROOT':
      case 'SYNC_DELTA':
      case 'CURSOR':
      case 'MERKLE_RESP':
      case 'ROWS_RESP':
      case 'SERVER_EVENT':
      case 'GC_PRUNE':
        this.scopes.get(message.map)?.message(message);
        if (message.type !== 'SERVER_EVENT') this.#releaseHeld();
        return;
      default:
    }
  }

  /** Starts every scope and query over: base may have changed behind their back. */
  resync(): void {
    if (!this.connection.isUp) return;
    this.scopes.open();
    this.queries.open();
  }

  /** Takes a dead realm with nothing left to answer out of the log; false while something is. */
  endSession(session: string): boolean {
    const { sessions } = this.#realm.log;
    if (!this.connection.isUp || sessions.get(session)?.ops.size !== 0) return false;
    return sessions.delete(session);
  }

  timer(name: string): void {
    // Neither names of maps nor those of queries hold spaces.
    const [kind, about = ''] = name.split(' ');
    if (kind === 'beat') this.connection.beat();
    else if (kind === 'retry') this.connection.retry();
    else if (kind === 'later') this.uploader.retryLater();
    else if (kind === 'sync') this.scopes.restart(about);
    else if (kind === 'query') this.queries.restart(about);
  }

  /** A final refusal: the op goes, what it was is kept for the app, in one transaction (DEV-7). */
  refuse(op: PendingOp, code: ErrorCode): void {
    const { log, rejections } = this.#realm;
    const payload = op.wanted ?? op.value ?? null;
    const about = { map: op.map, key: op.key, op: OP_NAMES[op.op] ?? 'PUT', payload, code };
    rejections.add({ id: opId(log.clientId, op), ...about });
    log.remove(op);
    this.#settleCounter(op);
    const next = this.#mapOf(op)?.overlay.first(op.key);
    if (next) this.#release(next);
    this.#realm.settle(op, 'rejected', code);
  }

  fold(op: PendingOp, verdict: Verdict): void {
    const counter = this.#counterOf(op);
    op.isAnswered = true;
    if (counter) {
      const { isCovered, touch } = this.#coverage(op, verdict);
      const answered = counter.answered.get(op.key);
      if (answered) answered.push(op);
      else counter.answered.set(op.key, [op]);
      this.#counted.set(`${op.map} ${op.key}`, op);
      touch(op.key);
      if (verdict.row && isCovered) counter.accept(verdict.row);
    } else {
      this.#held.set(op, verdict);
      this.#release(op);
    }
    this.#realm.settle(op, verdict.outcome);
  }

  /**
   * Moves answered ops of a key from the overlay into base, oldest first, up to the first one without an answer. What was written later
   * waits for it in the overlay: base keeps no tombstones, so a removal that left early would let the older write show through again.
   */
  #release(last: PendingOp): void {
    const map = this.#mapOf(last);
    // An op of another kind than its map stands in the log alone.
    const overlay = map?.overlay.holds(last) ? map.overlay : undefined;
    for (let op = overlay ? overlay.first(last.key) : last; op; op = overlay?.first(last.key)) {
      const verdict = this.#held.get(op);
      if (!op.isAnswered || !verdict || !this.#maySettle(op, verdict)) break;
      this.#held.delete(op);
      if (map) foldAnswer(map, op, verdict, this.#coverage(op, verdict));
      this.#realm.log.remove(op);
    }
  }

  /**
   * An answer without offset says that the op was settled before this device forgot it: a crash took the transaction that removed it, and
   * perhaps rows of base with it. The op stays in view until the map is complete again.
   */
  #maySettle({ map }: PendingOp, { at }: Verdict): boolean {
    const scope = this.scopes.get(map);
    return at.n > 0 || !scope || scope.isRefused || scope.isComplete;
  }

  #releaseHeld(): void {
    for (const op of [...this.#held.keys()]) this.#release(op);
  }

  #coverage({ map }: PendingOp, { pid }: Verdict): Coverage {
    const scope = this.scopes.get(map);
    return {
      isCovered: scope ? !scope.isRefused : [...this.queries.all()].some((query) => query.map === map),
      hasScope: scope !== undefined,
      to: scope?.position(pid),
      touch: (item) => scope?.touch(item),
    };
  }

  #settleCounter(op: PendingOp): void {
    const counter = this.#counterOf(op);
    if (counter) for (const done of settleCounter(counter, op.key)) this.#realm.log.remove(done);
  }

  #mapOf({ map }: PendingOp): ReplicaMap | undefined {
    return this.#realm.replica.maps.get(map);
  }

  /** The counter that an op increments. */
  #counterOf(op: PendingOp): ReplicaMap | undefined {
    const map = this.#mapOf(op);
    return op.op === OP.INCREMENT && map?.kind === 'PN' ? map : undefined;
  }

  // ── what the uploader and the connection ask ──

  armLater(delayMs: number): void {
    this.#realm.fx.arm('later', delayMs);
    // Most refusals of this sort are about time: have the server's before the next try.
    this.connection.ping();
  }

  mustWait(op: PendingOp): boolean {
    // What may have been sent already is what the answered ones wait for.
    return !op.isSent && !!this.#counterOf(op)?.answered.has(op.key);
  }

  waitingSinceMs(): number | undefined {
    return earliest([this.uploader, this.scopes, this.queries].map((part) => part.waitingSinceMs));
  }

  sessions(): readonly string[] {
    return this.uploader.sessionsFor(this.#realm.session);
  }

  /** The server has forgotten this client, which goes on under a new id. What may have been sent under the old one is the app's to decide. */
  forgotten(): void {
    const { log, store } = this.#realm;
    for (const op of [...log.ops()]) if (op.isSent) this.refuse(op, 'UNKNOWN_CLIENT');
    log.incarnation = undefined;
    store.del(['meta', 'incarnation']);
    this.#realm.drawClientId();
  }

  up(ack: AuthAckMessage): void {
    this.uploader.open(ack.incarnation, ack.limits);
    for (const part of [this.scopes, this.queries, this.topics]) part.open();
    this.#realm.touch();
  }

  down(): void {
    for (const part of [this.uploader, this.scopes, this.queries, this.topics]) part.close();
    this.#realm.fx.cancel('later');
    this.#realm.touch();
  }

  #topic({ topic, data, from, ts }: TopicMsgMessage): void {
    this.#realm.tabs.post({ type: 'topic', topic, data, sender: from, ts });
    this.#realm.deliver(topic, data, from, ts);
  }

  #error(message: ErrorMessage): void {
    const isKnown = this.scopes.error(message) || this.queries.error(message);
    this.#releaseHeld();
    if (message.code === 'RESYNC') {
      if (!isKnown) this.resync();
    } else if (!isRetriable(message.code)) {
      this.#realm.fail(
        wireError(message.code, `${message.ref ?? 'server'}: ${message.message}`, message.path),
      );
    } else if (!isKnown) this.uploader.pause(message.retryAfterMs ?? RETRY_MS);
  }
}
