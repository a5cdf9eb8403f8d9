import type { QuerySpec, TopGunError } from '@topgun/core';
import {
  type AuthAckMessage,
  type ErrorCode,
  type ErrorMessage,
  OP,
  type ServerMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { Connection } from './Connection.js';
import { Feeds } from './Feeds.js';
import { type Coverage, foldAnswer, settleCounter } from './foldAnswer.js';
import type { OpLog } from './OpLog.js';
import { opId, type PendingOp } from './PendingOp.js';
import type { ClientEffects, Kind, RealmOptions, Rejection, SettledOutcome } from './ports.js';
import { QueryFeed } from './QueryFeed.js';
import type { RealmClock } from './RealmClock.js';
import type { Rejections } from './Rejections.js';
import type { Replica } from './Replica.js';
import { Scope } from './Scope.js';
import { Topics } from './Topics.js';
import { Uploader, type Verdict } from './Uploader.js';
import { isRetriable, wireError } from './wireErrors.js';

const RETRY_MS = 1000;
const OP_NAMES: readonly Rejection['op'][] = ['PUT', 'REMOVE', 'OR_ADD', 'OR_REMOVE', 'INCREMENT'];
const OUTCOMES: readonly SettledOutcome[] = ['applied', 'superseded', 'changed', 'rejected', 'applied'];

export interface UplinkParts {
  readonly clock: RealmClock;
  readonly replica: Replica;
  readonly log: OpLog;
  readonly rejections: Rejections;
}

export interface UplinkPorts {
  readonly session: string;
  changed(): void;
  state(error?: TopGunError): void;
  failed(error: TopGunError): void;
  settled(op: PendingOp, outcome: SettledOutcome, code?: string): void;
  topic(topic: string, data: unknown, sender: string, ts: number): void;
  incarnation(id: string): void;
}

/** What all realms of the store want from the server together. */
export interface MergedWants {
  readonly maps: ReadonlyMap<string, Kind>;
  readonly queries: ReadonlyMap<string, readonly [map: string, spec: QuerySpec]>;
  readonly topics: ReadonlySet<string>;
}

/** Everything between the uploader's realm and the server: the connection, and what goes over it in both directions. */
export class Uplink {
  readonly connection: Connection;
  readonly uploader: Uploader;
  /** By map. */
  readonly scopes: Feeds<Scope>;
  /** By the name of the question. */
  readonly queries: Feeds<QueryFeed>;
  readonly topics: Topics;
  readonly #fx: ClientEffects;
  readonly #parts: UplinkParts;
  readonly #ports: UplinkPorts;
  /** Closed queries whose rows stay for a while, so that an app finds them when it comes back to a page, offline too. */
  readonly #retained = new Map<string, QueryFeed>();
  /** Answered ops that wait in the overlay for an earlier one of their key. */
  readonly #held = new Map<PendingOp, Verdict>();
  #wants: MergedWants = { maps: new Map(), queries: new Map(), topics: new Set() };
  #req = 0;

  constructor(fx: ClientEffects, options: RealmOptions, parts: UplinkParts, ports: UplinkPorts) {
    this.#fx = fx;
    this.#parts = parts;
    this.#ports = ports;
    const { clock, log, replica } = parts;
    const send = fx.send.bind(fx);
    const monoMs = (): number => clock.monoMs();
    const changed = (): void => ports.changed();
    this.topics = new Topics(send);
    const nextReq = (): number => ++this.#req;
    const retryScope = (map: string): void => fx.arm(`sync ${map}`, RETRY_MS);
    this.scopes = new Feeds<Scope>({
      make: (name) =>
        new Scope(replica.maps.get(name) ?? replica.set(name, this.#wants.maps.get(name) ?? 'LWW'), {
          ...{ send, monoMs, changed, nextReq },
          retry: retryScope,
        }),
      end: (map) => this.connection.isUp && send({ type: 'SYNC_END', map }),
      retry: retryScope,
      changed,
    });
    this.queries = new Feeds<QueryFeed>({
      make: (name) => {
        const [map, spec] = this.#wants.queries.get(name) ?? ['', {}];
        return new QueryFeed(name, map, spec, replica, { send, monoMs, changed });
      },
      end: (query, feed) => {
        if (this.connection.isUp) send({ type: 'QUERY_UNSUB', query });
        this.#retained.set(query, feed);
      },
      retry: (query) => fx.arm(`query ${query}`, RETRY_MS),
      changed,
    });
    this.uploader = new Uploader(
      {
        send,
        armLater: (delayMs) => {
          fx.arm('later', delayMs);
          // Most refusals of this sort are about time: have the server's before the next try.
          this.connection.ping();
        },
        fold: (op, verdict) => this.#fold(op, verdict),
        refuse: (op, code) => this.refuse(op, code),
        // What may have been sent already is what the answered ones wait for.
        mustWait: (op) =>
          op.op === OP.INCREMENT && !op.isSent && !!replica.maps.get(op.map)?.answered.has(op.key),
      },
      log,
      clock,
    );
    this.connection = new Connection(fx, options, clock, {
      identity: () => ({ clientId: log.clientId, sessions: this.uploader.sessionsFor(ports.session) }),
      up: (ack) => this.#up(ack),
      down: () => this.#down(),
      changed: (error) => ports.state(error),
      waitingSinceMs: () => {
        const since = [this.uploader, this.scopes, this.queries].flatMap((part) => part.waitingSinceMs ?? []);
        return since.length > 0 ? Math.min(...since) : undefined;
      },
    });
  }

  want(wants: MergedWants): void {
    this.#wants = wants;
    const { maps } = this.#parts.replica;
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
        return this.uploader.answer(message);
      case 'SYNC_ROOT':
        this.scopes.get(message.map)?.root(message);
        return this.#releaseHeld();
      case 'MERKLE_RESP':
        return this.scopes.get(message.map)?.merkle(message);
      case 'ROWS_RESP':
        return this.scopes.get(message.map)?.rows(message);
      case 'SERVER_EVENT':
        return this.scopes.get(message.map)?.event(message);
      case 'GC_PRUNE':
        return this.scopes.get(message.map)?.prune(message.at);
      case 'QUERY_RESP':
        return this.queries.get(message.query)?.answer(message);
      case 'QUERY_UPDATE':
        return this.queries.get(message.query)?.update(message);
      case 'TOPIC_MSG':
        return this.#ports.topic(message.topic, message.data, message.from, message.ts);
      case 'ERROR':
        return this.#error(message);
      default:
    }
  }

  /** Starts every scope and query over: base may have changed behind their back. */
  resync(): void {
    if (!this.connection.isUp) return;
    this.scopes.open();
    this.queries.open();
  }

  /** A dead realm with nothing left to answer: neither server nor store have to remember it. True when it was ended. */
  endSession(session: string): boolean {
    const { sessions } = this.#parts.log;
    if (!this.connection.isUp || sessions.get(session)?.ops.size !== 0) return false;
    this.uploader.end(session);
    return sessions.delete(session);
  }

  timer(name: string): void {
    const [kind, about = ''] = split(name);
    if (kind === 'beat') this.connection.beat();
    else if (kind === 'retry') this.connection.retry();
    else if (kind === 'later') this.uploader.retryLater();
    else if (kind === 'sync') this.scopes.restart(about);
    else if (kind === 'query') this.queries.restart(about);
  }

  /** A final refusal: the op goes, what it was is kept for the app, in one transaction (DEV-7). */
  refuse(op: PendingOp, code: ErrorCode): void {
    const { log, rejections } = this.#parts;
    const payload = op.wanted ?? op.value ?? null;
    const about = { map: op.map, key: op.key, op: OP_NAMES[op.op] ?? 'PUT', payload, code };
    rejections.add({ id: opId(log.clientId, op), ...about });
    const next = this.#parts.replica.maps
      .get(op.map)
      ?.pendingOf(op.key)
      .find((other) => this.#held.has(other));
    log.remove(op);
    this.#settleCounter(op);
    if (next) this.#release(next);
    this.#ports.settled(op, 'rejected', code);
  }

  #fold(op: PendingOp, verdict: Verdict): void {
    const map = this.#parts.replica.maps.get(op.map);
    op.isAnswered = true;
    if (op.op === OP.INCREMENT && map?.kind === 'PN') {
      const { isCovered, touch } = this.#coverage(op, verdict);
      map.answered.add(op.key);
      touch(op.key);
      if (verdict.row && isCovered) map.accept(verdict.row);
      this.#settleCounter(op);
    } else {
      this.#held.set(op, verdict);
      this.#release(op);
    }
    this.#ports.settled(op, OUTCOMES[verdict.outcome] ?? 'applied');
  }

  /**
   * Moves answered ops of a key from the overlay into base, oldest first, up to the first one without an answer. What was written later
   * waits for it in the overlay: base keeps no tombstones, so a removal that left early would let the older write show through again.
   */
  #release(last: PendingOp): void {
    const { log, replica } = this.#parts;
    const map = replica.maps.get(last.map);
    const pending = map?.pendingOf(last.key).includes(last) ? map.pendingOf(last.key) : [last];
    for (const op of [...pending].sort((a, b) => a.t - b.t)) {
      const verdict = this.#held.get(op);
      if (!op.isAnswered || !verdict || !this.#maySettle(op, verdict)) break;
      this.#held.delete(op);
      if (map) foldAnswer(map, op, verdict, this.#coverage(op, verdict));
      log.remove(op);
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
    const map = this.#parts.replica.maps.get(op.map);
    if (op.op !== OP.INCREMENT || map?.kind !== 'PN') return;
    for (const done of settleCounter(map, op.key)) this.#parts.log.remove(done);
  }

  #up(ack: AuthAckMessage): void {
    this.#ports.incarnation(ack.incarnation);
    this.uploader.open(ack.incarnation, ack.limits);
    this.scopes.open();
    this.queries.open();
    this.topics.open();
    this.#ports.changed();
  }

  #down(): void {
    for (const part of [this.uploader, this.scopes, this.queries, this.topics]) part.close();
    this.#fx.cancel('later');
    this.#ports.changed();
  }

  #error(message: ErrorMessage): void {
    const isKnown = this.scopes.error(message) || this.queries.error(message);
    this.#releaseHeld();
    if (message.code === 'RESYNC') {
      if (!isKnown) this.resync();
    } else if (!isRetriable(message.code)) {
      this.#ports.failed(
        wireError(message.code, `${message.ref ?? 'server'}: ${message.message}`, message.path),
      );
    } else if (!isKnown) this.uploader.pause(message.retryAfterMs ?? RETRY_MS);
  }
}

/** `kind about`, where what it is about may hold spaces. */
function split(name: string): readonly [string, string?] {
  const at = name.indexOf(' ');
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}
