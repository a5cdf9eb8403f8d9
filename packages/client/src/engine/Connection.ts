import type { TopGunError } from '@topgun/core';
import {
  type AuthAckMessage,
  type ErrorCode,
  type ErrorMessage,
  isFinalClose,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type ServerMessage,
} from '@topgun/protocol';
import * as CLOSE_CODE from '@topgun/protocol/closeCodes';
import * as LIMITS from '@topgun/protocol/limits';
import { type SyncEventName, SyncStateMachine } from '../SyncStateMachine.js';
import type { Realm } from './Realm.js';
import { wireError } from './wireErrors.js';

export interface ConnectionPorts {
  /** Sessions for AUTH. */
  sessions(): readonly string[];
  /** Authenticated: time to sync. */
  up(ack: AuthAckMessage): void;
  /** The server does not know this client any more. */
  forgotten(): void;
  /** The connection ended; only called after `up`. */
  down(): void;
  /** Monotone ms since which somebody waits for an answer of the server. */
  waitingSinceMs(): number | undefined;
}

const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
/** Lets the old socket's end arrive before the next one begins. */
const BACKOFF_FLOOR_MS = 10;
/** Errors after which trying again with the same token and version is no use. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['VERSION', 'AUTH_REQUIRED', 'AUTH_FAILED']);

/** The life of the one connection a store has: who it is to the server, whether the socket still lives, when to try again. */
export class Connection {
  readonly machine: SyncStateMachine;
  readonly #realm: Realm;
  readonly #ports: ConnectionPorts;
  /** Authenticated. */
  isUp = false;
  #attempt = 0;
  #heartbeatMs: number = LIMITS.heartbeatMs;
  #heardAtMs = 0;
  #authSentMs = 0;
  #pings = new Map<number, number>();
  #pingId = 0;
  #reconnectInMs: number | undefined;

  constructor(realm: Realm, ports: ConnectionPorts) {
    this.#realm = realm;
    this.#ports = ports;
    this.machine = new SyncStateMachine(() => realm.options.clock.wallMs());
  }

  start(): void {
    if (!this.#go('connect')) return;
    this.#attempt = 0;
    this.#open();
  }

  stop(): void {
    this.#end();
    for (const event of ['reset', 'close'] as const) this.#go(event);
  }

  /** Leaves ERROR, or cuts a pause short, and connects at once. */
  reset(): void {
    if (this.#go('reset')) this.start();
    else this.retry();
  }

  opened(): void {
    if (this.#go('opened')) this.#realm.fx.requestToken();
  }

  /** A token for a connection that waits for one, or a fresh one for a connection that runs. */
  token(token: string | null): void {
    if (this.machine.getState() !== 'AUTHENTICATING' && !this.isUp) return;
    const { options, log, fx } = this.#realm;
    this.#authSentMs = this.#realm.clock.monoMs();
    fx.send({
      type: 'AUTH',
      versions: [PROTOCOL_VERSION_MIN, PROTOCOL_VERSION],
      clientId: log.clientId,
      sessions: this.#ports.sessions(),
      ...(token !== null && { token }),
      ...(log.incarnation !== undefined && { incarnation: log.incarnation }),
      ...(options.agent !== undefined && { agent: options.agent }),
    });
  }

  closed(code: number): void {
    // A socket that this side gave up, or a normal end that this side did not ask for.
    if (code === CLOSE_CODE.NORMAL || !isFinalClose(code)) return this.lost();
    this.#refuse(wireError('AUTH_FAILED', `The server closed the connection with code ${code}.`));
  }

  /** Gives the socket up and pauses before the next try (full jitter by default). */
  lost(): void {
    if (!this.machine.canTransition('lost')) return;
    // The next one follows: the server need not take it for a farewell.
    this.#end(CLOSE_CODE.REPLACED);
    this.#go('lost');
    const { backoff = {}, random } = this.#realm.options;
    const { baseMs = BACKOFF_BASE_MS, capMs = BACKOFF_CAP_MS, jitter = 1, maxRetries = Infinity } = backoff;
    if (this.#attempt >= maxRetries) {
      const message = `The server could not be reached in ${this.#attempt + 1} attempts.`;
      this.#go('exhausted', wireError('UNAVAILABLE', message));
      return;
    }
    const bound = Math.min(capMs, baseMs * 2 ** Math.min(this.#attempt++, 30));
    const delayMs = bound * (1 - jitter + (jitter * random()) / 2 ** 32);
    this.#realm.fx.arm('retry', Math.max(delayMs, this.#reconnectInMs ?? BACKOFF_FLOOR_MS));
    this.#reconnectInMs = undefined;
  }

  retry(): void {
    if (!this.#go('retry')) return;
    this.#realm.fx.cancel('retry');
    this.#open();
  }

  /** The first sync of everything that is open is done. */
  synced(): void {
    if (this.#go('synced')) this.#attempt = 0;
  }

  /** Any message shows that the socket lives. Returns false for those that are not about the connection itself. */
  receive(message: ServerMessage): boolean {
    this.#heardAtMs = this.#realm.clock.monoMs();
    this.#realm.answered.heard();
    switch (message.type) {
      case 'AUTH_ACK':
        this.#accepted(message);
        break;
      case 'PING':
        this.#realm.fx.send({ type: 'PONG', id: message.id });
        break;
      case 'PONG': {
        const sentMs = this.#pings.get(message.id);
        this.#pings.clear();
        if (sentMs !== undefined && message.serverTime !== undefined)
          this.#realm.clock.correct(message.serverTime, sentMs);
        break;
      }
      case 'SHUTDOWN':
        this.#reconnectInMs = message.reconnectInMs;
        break;
      case 'ERROR':
        return this.#error(message);
      default:
        return false;
    }
    return true;
  }

  /** Heartbeat: asks for the server's time, and gives up a socket that is silent or leaves a request unanswered. */
  beat(): void {
    if (this.machine.getState() === 'BACKOFF' || !this.machine.canTransition('lost')) return;
    const nowMs = this.#realm.clock.monoMs();
    const silentMs = nowMs - this.#heardAtMs;
    const waitingMs = nowMs - (this.#ports.waitingSinceMs() ?? nowMs);
    const answerMs = this.#realm.options.answerTimeoutMs ?? LIMITS.ackTimeoutMs;
    // A socket is dead after three heartbeats of silence.
    if (silentMs >= Math.min(LIMITS.deadMs, 3 * this.#heartbeatMs) || waitingMs >= answerMs)
      return this.lost();
    if (this.isUp) this.ping();
    this.#realm.fx.arm('beat', this.#heartbeatMs);
  }

  /** Asks for the server's time now. */
  ping(): void {
    if (!this.isUp) return;
    this.#pings.set(++this.#pingId, this.#realm.clock.monoMs());
    this.#realm.fx.send({ type: 'PING', id: this.#pingId });
  }

  #open(): void {
    this.#heardAtMs = this.#realm.clock.monoMs();
    this.#realm.fx.arm('beat', this.#heartbeatMs);
    this.#realm.fx.connect();
  }

  #accepted(ack: AuthAckMessage): void {
    this.#realm.clock.correct(ack.serverTime, this.#authSentMs);
    this.#heartbeatMs = ack.heartbeatMs;
    // Also the answer to a renewed token, which changes nothing else.
    if (!this.#go('accepted')) return;
    this.isUp = true;
    this.#realm.fx.arm('beat', this.#heartbeatMs);
    this.#ports.up(ack);
  }

  #error(message: ErrorMessage): boolean {
    const { code } = message;
    if (code === 'AUTH_EXPIRED') this.#realm.fx.requestToken();
    else if (code === 'UNKNOWN_CLIENT') {
      this.#ports.forgotten();
      this.lost();
    } else if (code === 'NEW_INCARNATION')
      // The next AUTH_ACK names it, and then everything starts from there.
      this.lost();
    else if (FATAL.has(code)) this.#refuse(wireError(code, message.message));
    else return false;
    return true;
  }

  #refuse(error: TopGunError): void {
    if (!this.machine.canTransition('refused')) return this.lost();
    this.#end();
    this.#go('refused', error);
  }

  #end(code: number = CLOSE_CODE.NORMAL): void {
    const { machine } = this;
    for (const timer of ['beat', 'retry']) this.#realm.fx.cancel(timer);
    if (machine.canTransition('lost') && machine.getState() !== 'BACKOFF') this.#realm.fx.disconnect(code);
    this.#pings.clear();
    if (!this.isUp) return;
    this.isUp = false;
    this.#ports.down();
  }

  /** False when the event is not legal in this state. */
  #go(event: SyncEventName, error?: TopGunError): boolean {
    const { machine } = this;
    if (!machine.canTransition(event)) return false;
    machine.transition(event);
    this.#realm.emit(this.#realm.status.changed(machine.getState(), error));
    return true;
  }
}
