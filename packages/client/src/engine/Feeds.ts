import type { ErrorCode, ErrorMessage } from '@topgun/protocol';
import { isRetriable } from './wireErrors.js';

/** Something this device follows over the connection: the whole of a map, or a query. */
export interface Feed {
  /** The server's answer is in, and deltas follow. */
  readonly isComplete: boolean;
  /** The server refused for good, for as long as this connection lasts. */
  readonly isRefused: boolean;
  /** Monotone ms since which an answer is awaited. */
  readonly askedAtMs: number | undefined;
  /** Asks the server, from the start. */
  ask(): void;
  /** The connection is gone. */
  close(): void;
  refuse(code: ErrorCode): void;
  isRequest(req: number): boolean;
}

export interface FeedPorts<F> {
  make(name: string): F;
  /** Nobody wants the feed any more. */
  end(name: string, feed: F): void;
  retry(name: string): void;
  changed(): void;
}

/** The feeds of one sort that a connection keeps, by name; they outlive the connection and are asked anew on the next. */
export class Feeds<F extends Feed> {
  readonly #byName = new Map<string, F>();
  readonly #ports: FeedPorts<F>;
  isOpen = false;

  constructor(ports: FeedPorts<F>) {
    this.#ports = ports;
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
    const since = [...this.#byName.values()].flatMap((feed) => feed.askedAtMs ?? []);
    return since.length > 0 ? Math.min(...since) : undefined;
  }

  /** Keeps feeds under exactly these names. */
  want(names: ReadonlySet<string>): void {
    for (const [name, feed] of this.#byName) {
      if (names.has(name)) continue;
      this.#byName.delete(name);
      this.#ports.end(name, feed);
    }
    for (const name of names) {
      if (this.#byName.has(name)) continue;
      this.#byName.set(name, this.#ports.make(name));
      this.restart(name);
    }
  }

  /** A connection is there: asks for everything. */
  open(): void {
    this.isOpen = true;
    for (const feed of this.#byName.values()) feed.ask();
  }

  close(): void {
    this.isOpen = false;
    for (const feed of this.#byName.values()) feed.close();
  }

  restart(name: string): void {
    if (this.isOpen) this.#byName.get(name)?.ask();
  }

  /** Takes an error about one of the feeds; false when it is about something else. */
  error({ code, req, ref }: ErrorMessage): boolean {
    for (const [name, feed] of this.#byName) {
      if (name !== ref && (req === undefined || !feed.isRequest(req))) continue;
      if (code === 'RESYNC') feed.ask();
      else if (isRetriable(code)) this.#ports.retry(name);
      else {
        feed.refuse(code);
        this.#ports.changed();
      }
      return true;
    }
    return false;
  }
}
