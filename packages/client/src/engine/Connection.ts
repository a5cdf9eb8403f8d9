import type { TopGunError } from '@topgun/core';
import {
  type AuthAckMessage,
  CLOSE_CODE,
  type CloseCode,
  closeCodes,
  type ErrorCode,
  type ErrorMessage,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
  type ServerMessage,
} from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { type SyncEventName, SyncStateMachine } from '../SyncStateMachine.js';
import type { ClientEffects, RealmOptions } from './ports.js';
import type { RealmClock } from './RealmClock.js';
import { wireError } from './wireErrors.js';

export interface ConnectionPorts {
  /** Identity for AUTH. */
  identity(): { readonly clientId: string; readonly sessions: readonly string[] };
  /** Authenticated: time to sync. */
  up(ack: AuthAckMessage): void;
  /** The connection ended; only called after `up`. */
  down(): void;
  changed(error?: TopGunError): void;
  /** Monotone ms since which somebody waits for an answer of the server. */
  waitingSinceMs(): number | undefined;
}

const BACKOFF_BASE_MS = 500;
const BACKOFF_CAP_MS = 30_000;
/** Lets the old socket's end arrive before the next one begins. */
const BACKOFF_FLOOR_MS = 10;
/** Errors after which trying again with the same token and version is no use. */
const FATAL: ReadonlySet<ErrorCode> = new Set(['VERSION', 'AUTH_REQUIRED', 'AUTH_FAILED', 'UNKNOWN_CLIENT']);

/** The life of the one connection a store has: who it is to the server, whether the socket still lives, when to try again. */
export class Connection {
  readonly machine: SyncStateMachine;
  readonly #fx: ClientEffects;
  readonly #options: RealmOptions;
  readonly #clock: RealmClock;
  readonly #ports: ConnectionPorts;
  #attempt = 0;
  #heartbeatMs: number = LIMITS.heartbeatMs;
  #heardAtMs = 0;
  #authSentMs = 0;
  #pings = new Map<number, number>();
  #pingId = 0;
  #isUp = false;
  #reconnectInMs: number | undefined;
  #refusal: TopGunError | undefined;

  constructor(fx: ClientEffects, options: RealmOptions, clock: RealmClock, ports: ConnectionPorts) {
    this.#fx = fx;
    this.#options = options;
    this.#clock = clock;
    this.#ports = ports;
    this.machine = new SyncStateMachine(() => options.clock.wallMs());
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  start(): void {
    if (!this.machine.canTransition('connect')) return;
    this.#attempt = 0;
    this.#go('connect');
    this.#open();
  }

  stop(): void {
    this.#end();
    for (const event of ['reset', 'close'] as const) if (this.machine.canTransition(event)) this.#go(event);
  }

  /** Leaves ERROR, or cuts a pause short, and connects at once. */
  reset(): void {
    if (this.machine.canTransition('reset')) {
      this.#go('reset');
      this.start();
    } else this.retry();
  }

  opened(): void {
    if (this.machine.getState() !== 'CONNECTING') return;
    this.#go('opened');
    this.#fx.requestToken();
  }

  /** A token for a connection that waits for one, or a fresh one for a connection that runs. */
  token(token: string | null): void {
    if (this.machine.getState() !== 'AUTHENTICATING' && !this.#isUp) return;
    const { agent } = this.#options;
    this.#authSentMs = this.#clock.monoMs();
    this.#fx.send({
      type: 'AUTH',
      versions: [PROTOCOL_VERSION_MIN, PROTOCOL_VERSION],
      ...this.#ports.identity(),
      ...(token === null ? {} : { token }),
      ...(agent === undefined ? {} : { agent }),
    });
  }

  closed(code: number): void {
    const info = closeCodes[code as CloseCode] as
      | { readonly reconnect: boolean; readonly meaning: string }
      | undefined;
    // A socket that this side gave up, or a normal end that this side did not ask for.
    if (code !== CLOSE_CODE.NORMAL && info?.reconnect === false) {
      this.#refuse(
        this.#refusal ?? wireError('AUTH_FAILED', `The server closed the connection: ${info.meaning}.`),
      );
    } else this.lost();
  }

  /** Gives the socket up and pauses before the next try (full jitter by default). */
  lost(): void {
    if (!this.machine.canTransition('lost')) return;
    this.#end();
    this.#go('lost');
    const { baseMs, capMs, jitter, maxRetries } = {
      baseMs: BACKOFF_BASE_MS,
      capMs: BACKOFF_CAP_MS,
      jitter: 1,
      maxRetries: Number.POSITIVE_INFINITY,
      ...this.#options.backoff,
    };
    if (this.#attempt >= maxRetries) {
      this.#go(
        'exhausted',
        wireError('UNAVAILABLE', `The server could not be reached in ${this.#attempt + 1} attempts.`),
      );
      return;
    }
    const bound = Math.min(capMs, baseMs * 2 ** Math.min(this.#attempt++, 30));
    const delayMs = bound * (1 - jitter + (jitter * this.#options.random()) / 2 ** 32);
    this.#fx.arm('retry', Math.max(delayMs, this.#reconnectInMs ?? BACKOFF_FLOOR_MS));
    this.#reconnectInMs = undefined;
  }

  retry(): void {
    if (!this.machine.canTransition('retry')) return;
    this.#fx.cancel('retry');
    this.#go('retry');
    this.#open();
  }

  /** The first sync of everything that is open is done. */
  synced(): void {
    if (!this.machine.canTransition('synced')) return;
    this.#attempt = 0;
    this.#go('synced');
  }

  /** Any message shows that the socket lives. Returns false for those that are not about the connection itself. */
  receive(message: ServerMessage): boolean {
    this.#heardAtMs = this.#clock.monoMs();
    switch (message.type) {
      case 'AUTH_ACK':
        this.#accepted(message);
        return true;
      case 'PING':
        this.#fx.send({ type: 'PONG', id: message.id });
        return true;
      case 'PONG': {
        const sentMs = this.#pings.get(message.id);
        this.#pings.clear();
        if (sentMs !== undefined && message.serverTime !== undefined)
          this.#clock.correct(message.serverTime, sentMs);
        return true;
      }
      case 'SHUTDOWN':
        this.#reconnectInMs = message.reconnectInMs;
        return true;
      case 'ERROR':
        return this.#error(message);
      default:
        return false;
    }
  }

  /** Heartbeat: asks for the server's time, and gives up a socket that is silent or leaves a request unanswered. */
  beat(): void {
    if (this.machine.getState() === 'BACKOFF' || !this.machine.canTransition('lost')) return;
    const nowMs = this.#clock.monoMs();
    const silentMs = nowMs - this.#heardAtMs;
    const waitingMs = nowMs - (this.#ports.waitingSinceMs() ?? nowMs);
    if (silentMs >= this.#deadMs() || waitingMs >= this.#answerMs()) {
      this.lost();
      return;
    }
    if (this.#isUp) this.ping();
    this.#fx.arm('beat', this.#heartbeatMs);
  }

  /** Asks for the server's time now. */
  ping(): void {
    if (!this.#isUp) return;
    this.#pings.set(++this.#pingId, this.#clock.monoMs());
    this.#fx.send({ type: 'PING', id: this.#pingId });
  }

  #deadMs(): number {
    return Math.min(LIMITS.deadMs, 3 * this.#heartbeatMs);
  }

  #answerMs(): number {
    return this.#options.answerTimeoutMs ?? LIMITS.ackTimeoutMs;
  }

  #open(): void {
    this.#heardAtMs = this.#clock.monoMs();
    this.#refusal = undefined;
    this.#fx.arm('beat', this.#heartbeatMs);
    this.#fx.connect();
  }

  #accepted(ack: AuthAckMessage): void {
    this.#clock.correct(ack.serverTime, this.#authSentMs);
    this.#heartbeatMs = ack.heartbeatMs;
    // Also the answer to a renewed token, which changes nothing else.
    if (!this.machine.canTransition('accepted')) return;
    this.#isUp = true;
    this.#fx.arm('beat', this.#heartbeatMs);
    this.#go('accepted');
    this.#ports.up(ack);
  }

  #error(message: ErrorMessage): boolean {
    const { code } = message;
    if (code === 'AUTH_EXPIRED') this.#fx.requestToken();
    else if (FATAL.has(code)) this.#refuse(wireError(code, message.message));
    else return false;
    return true;
  }

  #refuse(error: TopGunError): void {
    if (!this.machine.canTransition('refused')) return this.lost();
    this.#end();
    this.#go('refused', error);
  }

  #end(): void {
    const { machine } = this;
    for (const timer of ['beat', 'retry']) this.#fx.cancel(timer);
    if (machine.canTransition('lost') && machine.getState() !== 'BACKOFF')
      this.#fx.disconnect(CLOSE_CODE.NORMAL);
    this.#pings.clear();
    if (!this.#isUp) return;
    this.#isUp = false;
    this.#ports.down();
  }

  #go(event: SyncEventName, error?: TopGunError): void {
    this.machine.transition(event);
    this.#ports.changed(error);
  }
}
