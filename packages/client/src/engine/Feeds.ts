import type { ErrorCode, ErrorMessage } from '@topgun/protocol';
import type { Realm } from './Realm.js';
import { isRetriable } from './wireErrors.js';

/** Something this device follows over the connection: the whole of a map, or a query. */
export interface Feed {
  /** The server's answer is in, and deltas follow. */
  readonly isComplete: boolean;
  /** The server refused for good, for as long as this connection lasts. */
  readonly isRefused: boolean;
  /** Monotone ms since which an answer is awaited. */
  readonly askedAtMs: number | undefined;
  /** What a walk or catch-up brought is here, and waits to change base together with that of others (RES-6). */
  readonly isReady: boolean;
  /** The device has nothing of it: no row, and no op. */
  readonly isEmpty: boolean;
  /** Base takes what was brought. */
  swap(): void;
  /** Compares base with what the server said when it had brought all; true: the feed is complete. */
  prove(): boolean;
  /** It was not equal: asks for what is wrong. */
  again(): void;
  /** Asks the server, from the start. */
  ask(): void;
  /** The connection is gone. */
  close(): void;
  /** The server has no room for it now: it goes without until it is asked for again. */
  putOff(): void;
  refuse(code: ErrorCode): void;
  /** What an error may name: the server's name of it, or the number of the last request. */
  readonly ref: string;
  readonly req?: number;
}

const RETRY_MS = 1000;
const FULL_RETRY_MS = 10_000;

/** The least of those that are given. */
export function earliest(times: readonly (number | undefined)[]): number | undefined {
  const given = times.flatMap((time) => time ?? []);
  return given.length > 0 ? Math.min(...given) : undefined;
}

/** The feeds of one sort that a connection keeps, by name; they outlive the connection and are asked anew on the next. */
export class Feeds<F extends Feed> {
  readonly #realm: Realm;
  readonly #byName = new Map<string, F>();
  readonly #timer: string;
  readonly #make: (name: string) => F;
  readonly #end: (name: string, feed: F) => void;
  #isOpen = false;

  /** `timer` is the first word of the timers that restart one feed; `end` is called with what nobody wants any more. */
  constructor(realm: Realm, timer: string, make: (name: string) => F, end: (name: string, feed: F) => void) {
    this.#realm = realm;
    this.#timer = timer;
    this.#make = make;
    this.#end = end;
  }

  get(name: string): F | undefined {
    return this.#byName.get(name);
  }

  all(): Iterable<F> {
    return this.#byName.values();
  }

  /** Names of the complete ones. */
  get complete(): readonly string[] {
    return [...this.#byName].flatMap(([name, feed]) => (feed.isComplete ? [name] : []));
  }

  get isSettled(): boolean {
    return [...this.#byName.values()].every((feed) => feed.isComplete || feed.isRefused);
  }

  /** Monotone ms since which the oldest answer is awaited. */
  get waitingSinceMs(): number | undefined {
    return earliest([...this.#byName.values()].map((feed) => feed.askedAtMs));
  }

  /** Keeps feeds under exactly these names. */
  want(names: ReadonlySet<string>): void {
    for (const [name, feed] of this.#byName) {
      if (names.has(name)) continue;
      this.#byName.delete(name);
      this.#end(name, feed);
    }
    for (const name of names) {
      if (this.#byName.has(name)) continue;
      this.#byName.set(name, this.#make(name));
      this.restart(name);
    }
  }

  /** A connection is there: asks for everything. */
  open(): void {
    this.#isOpen = true;
    for (const feed of this.#byName.values()) feed.ask();
  }

  close(): void {
    this.#isOpen = false;
    for (const feed of this.#byName.values()) feed.close();
  }

  retryLater(name: string, delayMs = RETRY_MS): void {
    this.#realm.fx.arm(`${this.#timer} ${name}`, delayMs);
  }

  restart(name: string): void {
    if (this.#isOpen) this.#byName.get(name)?.ask();
  }

  /** Takes an error about one of the feeds; false when it is about something else. */
  error({ code, req, ref, retryAfterMs }: ErrorMessage): boolean {
    for (const [name, feed] of this.#byName) {
      if (feed.ref !== ref && (req === undefined || req !== feed.req)) continue;
      if (code === 'RESYNC') feed.ask();
      else if (isRetriable(code)) this.retryLater(name, retryAfterMs);
      // There are too many at the moment: it goes without until others are closed.
      else if (code === 'LIMIT') {
        feed.putOff();
        this.retryLater(name, FULL_RETRY_MS);
      } else {
        feed.refuse(code);
        this.#realm.touch();
      }
      return true;
    }
    return false;
  }
}
