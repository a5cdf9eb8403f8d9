import type { QuerySpec, TopGunError } from '@topgun/core';
import { type AuthAckMessage, type ErrorCode, type ErrorMessage, OP, type ServerMessage } from '@topgun/protocol';
import { Connection } from './Connection.js';
import { foldAnswer, settleCounter } from './foldAnswer.js';
import type { OpLog } from './OpLog.js';
import { opId, type PendingOp } from './PendingOp.js';
import type { ClientEffects, Kind, RealmOptions, Rejection, SettledOutcome } from './ports.js';
import type { RealmClock } from './RealmClock.js';
import type { Rejections } from './Rejections.js';
import type { Replica } from './Replica.js';
import { Scopes } from './Scopes.js';
import { Subscriptions } from './Subscriptions.js';
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
  readonly scopes: Scopes;
  readonly subscriptions: Subscriptions;
  readonly topics: Topics;
  readonly #fx: ClientEffects;
  readonly #parts: UplinkParts;
  readonly #ports: UplinkPorts;
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
    this.scopes = new Scopes({
      send,
      monoMs,
      nextReq: () => ++this.#req,
      retry: (map) => fx.arm(`sync ${map}`, RETRY_MS),
      completed: changed,
    });
    this.subscriptions = new Subscriptions(
      { send, monoMs, retry: (query) => fx.arm(`query ${query}`, RETRY_MS), answered: changed },
      replica,
    );
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
        mustWait: (op) => op.op === OP.INCREMENT && !op.isSent && !!replica.maps.get(op.map)?.answered.has(op.key),
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
        const since = [this.uploader, this.scopes, this.subscriptions].flatMap((part) => part.waitingSinceMs ?? []);
        return since.length > 0 ? Math.min(...since) : undefined;
      },
    });
  }

  want({ maps, queries, topics }: MergedWants): void {
    const { replica } = this.#parts;
    const scopes = [...maps].flatMap(([name, kind]) => {
      const map = replica.maps.get(name) ?? replica.set(name, kind);
      // Realms that disagree about the kind have been told; the server's word is asked for the one that is stored.
      return map.kind === kind ? [map] : [];
    });
    this.scopes.want(scopes);
    // A query on a map that is here as a whole needs no help of the server.
    this.subscriptions.want(new Map([...queries].filter(([, [map]]) => !this.scopes.get(map))));
    this.topics.want(topics);
  }

  message(message: ServerMessage): void {
    if (this.connection.receive(message)) return;
    switch (message.type) {
      case 'OP_ACK':
        return this.uploader.answer(message);
      case 'QUERY_RESP':
        return this.subscriptions.answer(message);
      case 'QUERY_UPDATE':
        return this.subscriptions.update(message);
      case 'TOPIC_MSG':
        return this.#ports.topic(message.topic, message.data, message.from, message.ts);
      case 'ERROR':
        return this.#error(message);
      default:
        this.scopes.receive(message);
    }
  }

  /** Starts every scope and query over: base may have changed behind their back. */
  resync(): void {
    if (!this.connection.isUp) return;
    this.scopes.open();
    this.subscriptions.open();
  }

  timer(name: string): void {
    const [kind, about = ''] = split(name);
    if (kind === 'beat') this.connection.beat();
    else if (kind === 'retry') this.connection.retry();
    else if (kind === 'later') this.uploader.retryLater();
    else if (kind === 'sync') this.scopes.restart(about);
    else if (kind === 'query') this.subscriptions.ask(about);
  }

  /** A final refusal: the op goes, what it was is kept for the app, in one transaction (DEV-7). */
  refuse(op: PendingOp, code: ErrorCode): void {
    const { log, rejections } = this.#parts;
    const payload = op.wanted ?? op.value ?? null;
    const about = { map: op.map, key: op.key, op: OP_NAMES[op.op] ?? 'PUT', payload, code };
    rejections.add({ id: opId(log.clientId, op), ...about });
    log.remove(op);
    this.#settleCounter(op);
    this.#ports.settled(op, 'rejected', code);
  }

  #fold(op: PendingOp, verdict: Verdict): void {
    const { log, replica } = this.#parts;
    const map = replica.maps.get(op.map);
    const scope = this.scopes.get(op.map);
    const touch = (item: string): void => scope?.touch(item);
    const isCovered = scope ? !scope.isRefused : this.subscriptions.isOn(op.map);
    if (op.op === OP.INCREMENT && map?.kind === 'PN') {
      op.isAnswered = true;
      map.answered.add(op.key);
      touch(op.key);
      if (verdict.row && isCovered) map.accept(verdict.row);
      this.#settleCounter(op);
    } else {
      const coverage = { isCovered, hasScope: scope !== undefined, to: scope?.position(verdict.pid), touch };
      if (map) foldAnswer(map, op, verdict, coverage);
      log.remove(op);
    }
    this.#ports.settled(op, OUTCOMES[verdict.outcome] ?? 'applied');
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
    this.subscriptions.open();
    this.topics.open();
    this.#ports.changed();
  }

  #down(): void {
    for (const part of [this.uploader, this.scopes, this.subscriptions, this.topics]) part.close();
    this.#fx.cancel('later');
    this.#ports.changed();
  }

  #error(message: ErrorMessage): void {
    const isKnown = this.scopes.error(message) || this.subscriptions.error(message);
    if (message.code === 'RESYNC') {
      if (!isKnown) this.resync();
    } else if (!isRetriable(message.code)) {
      this.#ports.failed(wireError(message.code, `${message.ref ?? 'server'}: ${message.message}`, message.path));
    } else if (!isKnown) this.uploader.pause(message.retryAfterMs ?? RETRY_MS);
  }
}

/** `kind about`, where what it is about may hold spaces. */
function split(name: string): readonly [string, string?] {
  const at = name.indexOf(' ');
  return at < 0 ? [name] : [name.slice(0, at), name.slice(at + 1)];
}

