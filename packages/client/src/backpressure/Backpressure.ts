import type { TopGunError } from '@topgun/core';
import type { RealmEngine } from '../engine/RealmEngine.js';
import { clientError } from '../errors.js';
import type { GateSurroundings, WriteGate } from '../handles/WriteGate.js';
import { Listeners, type Unsubscribe } from '../utils/Listeners.js';
import { type Logger, silentLogger } from '../utils/logger.js';
import { BackpressureError } from './BackpressureError.js';
import { type DroppedWrite, UnsentWrites } from './dropUnsent.js';

export interface BackpressureOptions {
  /**
   * What a write meets while `high` writes or more wait. `pause`: it is made, and its `admitted()` waits until no more than `low` do.
   * `throw`: it throws `BackpressureError`. `drop-oldest`: it takes the place of the oldest write of this tab that was never sent,
   * which is taken back; where there is none it throws.
   */
  readonly strategy: 'pause' | 'throw' | 'drop-oldest';
  /** Unanswered writes of all tabs at which the strategy sets in. 1 to 10,000,000; default 10,000. */
  readonly high?: number;
  /** Unanswered writes at which a pause ends. 0 to less than `high`; default half of it. */
  readonly low?: number;
}

/** How many writes wait for their answers. */
export interface PendingCount {
  readonly pending: number;
}

export interface BackpressureEvents {
  /** `high` was reached. */
  readonly high: PendingCount;
  /** After `high`: no more than `low` are left. */
  readonly low: PendingCount;
  /** A write has to wait; once until `resumed`. */
  readonly paused: PendingCount;
  /** Those that waited may go on. */
  readonly resumed: PendingCount;
  readonly dropped: DroppedWrite;
}

const HIGH = 10_000;
const HIGH_MAX = 10_000_000;

/** See `backpressure`. */
export class Backpressure implements WriteGate {
  readonly #strategy: BackpressureOptions['strategy'];
  readonly #high: number;
  readonly #low: number;
  readonly #listeners = new Map<string, Listeners<never>>();
  #logger: Logger = silentLogger;
  #engine: RealmEngine | undefined;
  #unsent: UnsentWrites | undefined;
  #isHigh = false;
  #pause: { readonly over: Promise<void>; end(error?: TopGunError): void } | undefined;

  constructor({ strategy, high = HIGH, low = Math.floor(high / 2) }: BackpressureOptions) {
    if (!['pause', 'throw', 'drop-oldest'].includes(strategy)) {
      throw invalid('strategy', strategy, "'pause', 'throw' or 'drop-oldest'");
    }
    if (!isCount(high, 1, HIGH_MAX)) throw invalid('high', high, `whole numbers from 1 to ${HIGH_MAX}`);
    if (!isCount(low, 0, high - 1)) throw invalid('low', low, `whole numbers from 0 to ${high - 1}`);
    this.#strategy = strategy;
    this.#high = high;
    this.#low = low;
  }

  /** Calls back in a microtask after what happened; a listener may write. */
  on<Name extends keyof BackpressureEvents>(
    name: Name,
    callback: (event: BackpressureEvents[Name]) => void,
  ): Unsubscribe {
    return this.#of(name).add(callback);
  }

  attach({ engine, logger, onPending }: GateSurroundings): void {
    if (this.#engine) throw clientError('OPTION_INVALID', 'One backpressure() serves one client');
    this.#engine = engine;
    this.#logger = logger;
    this.#unsent = new UnsentWrites(engine.realm);
    onPending((count) => this.#count(count));
  }

  admit(): void {
    const pending = this.#engine?.pendingOps() ?? 0;
    this.#count(pending);
    if (pending < this.#high || this.#strategy === 'pause') return;
    const dropped = this.#strategy === 'drop-oldest' ? this.#unsent?.dropOldest() : undefined;
    if (!dropped) throw new BackpressureError(pending, this.#high);
    this.#emit('dropped', dropped);
  }

  admitted(): Promise<void> | undefined {
    const pending = this.#engine?.pendingOps() ?? 0;
    this.#count(pending);
    if (!this.#isHigh || this.#strategy !== 'pause') return undefined;
    if (!this.#pause) {
      this.#pause = newPause();
      this.#emit('paused', { pending });
    }
    return this.#pause.over;
  }

  close(error: TopGunError): void {
    this.#pause?.end(error);
  }

  #count(pending: number): void {
    if (!this.#isHigh && pending >= this.#high) {
      this.#isHigh = true;
      this.#emit('high', { pending });
    } else if (this.#isHigh && pending <= this.#low) {
      this.#isHigh = false;
      this.#emit('low', { pending });
      if (!this.#pause) return;
      this.#pause.end();
      this.#pause = undefined;
      this.#emit('resumed', { pending });
    }
  }

  /** Later, so that no listener runs inside a write. */
  #emit<Name extends keyof BackpressureEvents>(name: Name, event: BackpressureEvents[Name]): void {
    queueMicrotask(() => this.#of(name).emit(event));
  }

  #of<Name extends keyof BackpressureEvents>(name: Name): Listeners<BackpressureEvents[Name]> {
    const error: Logger['error'] = (fields, message) => this.#logger.error(fields, message);
    const found = this.#listeners.get(name) ?? new Listeners<never>(name, { ...silentLogger, error });
    this.#listeners.set(name, found);
    // The listeners under a name are those of its events; a map of names cannot say so.
    return found as unknown as Listeners<BackpressureEvents[Name]>;
  }
}

const isCount = (value: unknown, min: number, max: number): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

const invalid = (name: string, found: unknown, allowed: string): TopGunError =>
  clientError('OPTION_INVALID', `Option "backpressure.${name}" is ${String(found)}; allowed: ${allowed}`);

function newPause() {
  let end: (error?: TopGunError) => void = () => undefined;
  const over = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  // Not every write is waited for.
  over.catch(() => undefined);
  return { over, end };
}
