import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';

/** Which misfortunes a link may meet. Probabilities are per frame, delays in virtual ms. */
export interface LinkFaults {
  readonly delayMsMax: number;
  readonly dropP: number;
  readonly duplicateP: number;
  readonly reorderP: number;
  /** How far the changes of the server fall behind its answers, which take another way. */
  readonly changesLateMs: number;
}

export const CALM_LINK: LinkFaults = {
  delayMsMax: 5,
  dropP: 0,
  duplicateP: 0,
  reorderP: 0,
  changesLateMs: 0,
};

/** What one device's way to the server suffers; all its links share it. */
export interface DeviceWeather {
  /** Frames towards this side get lost. */
  muted: 'client' | 'server' | undefined;
  /** How fast frames get through. */
  bytesPerMs: number;
  /** The next frame arrives garbled, and the link is closed after it. */
  corruptsNext: boolean;
}

export const fairWeather = (): DeviceWeather => ({
  muted: undefined,
  bytesPerMs: Number.POSITIVE_INFINITY,
  corruptsNext: false,
});

/** A queue that is longer than this when the weather clears will not be waited for: its connection is given up. */
const LAG_MS_MAX = 4000;

/** One end of a link as the network sees it. */
export interface LinkEnd {
  frame(bytes: Uint8Array): void;
  closed(code: number): void;
}

export type Side = 'client' | 'server';

/**
 * One socket: two directed queues of frames. In order and lossless while `faults` is calm; otherwise frames may be doubled, overtaken or
 * dropped, which is more than TCP would do: what survives here survives any transport. A link that dropped a frame is reset before long,
 * since a stream cannot go on without it.
 * `halfOpen` swallows frames without telling either end; `reset` loses what is in flight and tells both ends, each in its own time.
 */
export class Link {
  open = true;
  halfOpen = false;
  /** A frame was dropped, doubled or overtaken, as no stream would do. */
  isDisordered = false;
  /** A frame was lost: the stream cannot go on. */
  isTorn = false;
  /** A frame was garbled on the way: whoever gets it cannot read it. */
  isCorrupted = false;
  readonly id: number;
  readonly weather: DeviceWeather;
  readonly #net: SimNetwork;
  readonly #ends: { client?: LinkEnd; server?: LinkEnd } = {};
  readonly #lastAtMs = { client: 0, server: 0 };
  #lastAheadAtMs = 0;
  readonly #told = { client: false, server: false };

  readonly #rng: Rng;

  constructor(net: SimNetwork, id: number, weather: DeviceWeather, rng: Rng) {
    this.#net = net;
    this.id = id;
    this.weather = weather;
    this.#rng = rng;
  }

  /** How long from now until everything that was sent in order has arrived, ms. */
  get lagMs(): number {
    return Math.max(this.#lastAtMs.client, this.#lastAtMs.server) - this.#net.scheduler.nowMs;
  }

  attach(side: Side, end: LinkEnd): void {
    this.#ends[side] = end;
  }

  /** Sends a frame towards `to`. */
  send(to: Side, bytes: Uint8Array): void {
    if (!this.open || this.halfOpen) return;
    const { faults } = this.#net;
    const rng = this.#rng;
    if (this.weather.muted === to) {
      this.#net.count('frame muted');
      this.isTorn = true;
      return;
    }
    if (this.weather.corruptsNext && bytes.length > 1) return this.#corrupt(to, bytes);
    if (rng.chance(faults.dropP)) {
      this.isDisordered = true;
      this.#net.count('frame dropped');
      this.isTorn = true;
      this.#net.scheduler.after(rng.int(0, 8000), () => this.reset());
      return;
    }
    this.#deliver(to, bytes, rng.chance(faults.reorderP));
    if (rng.chance(faults.duplicateP)) {
      this.#net.count('frame duplicated');
      this.#deliver(to, bytes, true);
    }
  }

  /** Sends a frame to the client that passes all others on their way to it, but none of its own kind. */
  sendAhead(bytes: Uint8Array): void {
    if (!this.open || this.halfOpen || this.weather.muted === 'client') return;
    const { scheduler, faults } = this.#net;
    this.isDisordered = true;
    this.#net.count('answer ahead of changes');
    this.#lastAheadAtMs = Math.max(
      this.#lastAheadAtMs,
      scheduler.nowMs + this.#rng.int(0, CALM_LINK.delayMsMax),
    );
    this.#lastAtMs.client = Math.max(
      this.#lastAtMs.client,
      this.#lastAheadAtMs + this.#rng.int(0, faults.changesLateMs),
    );
    scheduler.after(
      this.#lastAheadAtMs - scheduler.nowMs,
      () => {
        if (this.open && !this.#told.client && !this.halfOpen) this.#ends.client?.frame(bytes);
      },
      true,
    );
  }

  #corrupt(to: Side, bytes: Uint8Array): void {
    const rng = this.#rng;
    this.#net.count('frame corrupted');
    this.weather.corruptsNext = false;
    this.isCorrupted = true;
    const garbled = bytes.slice();
    // The one byte that msgpack never uses: nothing of the frame can be read, so no half of a turn gets through.
    garbled[0] = 0xc1;
    this.#deliver(to, garbled, false);
    this.#net.scheduler.after(rng.int(0, 500), () => this.reset());
  }

  /** Closes from one end: the other learns it after what was sent before. */
  close(from: Side, code: number): void {
    if (!this.open) return;
    this.open = false;
    this.#told[from] = true;
    this.#net.links.delete(this);
    const to = from === 'client' ? 'server' : 'client';
    if (this.halfOpen) this.#net.unheard.add(this);
    else this.#tell(to, code, this.#arrival(to, false, 0));
  }

  /** Loses everything in flight; both ends learn of it, each in its own time. */
  reset(): void {
    if (!this.open) return;
    this.open = false;
    this.#net.links.delete(this);
    this.#net.count('connection reset');
    this.tellBoth();
  }

  /** Lets whoever does not know it yet know that the link is gone. */
  tellBoth(): void {
    for (const side of ['client', 'server'] as const) this.#tell(side, 1006, this.#rng.int(0, 50));
  }

  /** The process at `side` is gone: it hears nothing more, the other end gets a reset. */
  abandon(side: Side): void {
    this.#told[side] = true;
    delete this.#ends[side];
    this.reset();
  }

  #arrival(to: Side, overtaking: boolean, bytes: number): number {
    const { faults, scheduler } = this.#net;
    const at = scheduler.nowMs + this.#rng.int(0, faults.delayMsMax);
    if (overtaking) {
      this.isDisordered = true;
      this.#net.count('frame overtaken');
      return at - scheduler.nowMs;
    }
    const ordered = Math.max(at, this.#lastAtMs[to]) + bytes / this.weather.bytesPerMs;
    this.#lastAtMs[to] = ordered;
    return ordered - scheduler.nowMs;
  }

  #deliver(to: Side, bytes: Uint8Array, overtaking: boolean): void {
    this.#net.scheduler.after(
      this.#arrival(to, overtaking, bytes.length),
      () => {
        if (this.#told[to] || this.halfOpen || (!this.open && overtaking)) return;
        this.#ends[to]?.frame(bytes);
      },
      !overtaking,
    );
  }

  #tell(side: Side, code: number, delayMs: number): void {
    this.#net.scheduler.after(
      delayMs,
      () => {
        if (this.#told[side]) return;
        this.#told[side] = true;
        this.#ends[side]?.closed(code);
      },
      true,
    );
  }
}

/** All links of the world and the weather they are in. */
export class SimNetwork {
  readonly scheduler: Scheduler;
  readonly links = new Set<Link>();
  /** Half-open links that one end has closed: the other has not heard of it. */
  readonly unheard = new Set<Link>();
  faults: LinkFaults = CALM_LINK;
  /** Counts what became of frames and links. */
  readonly count: (what: string) => void;
  #nextId = 1;

  constructor(scheduler: Scheduler, count: (what: string) => void) {
    this.scheduler = scheduler;
    this.count = count;
  }

  /** Fair weather: links that cannot work any more end at once. */
  heal(): void {
    this.faults = CALM_LINK;
    for (const link of [...this.links])
      if (link.halfOpen || link.isTorn || link.lagMs > LAG_MS_MAX) link.reset();
    for (const link of this.unheard) link.tellBoth();
    this.unheard.clear();
  }

  /** Nothing of what a clogged link holds back is still to come. */
  get isClear(): boolean {
    return [...this.links].every(({ lagMs }) => lagMs <= CALM_LINK.delayMsMax);
  }

  /** A socket to the server. Its chance is its own, so that what one device does shifts nobody else's luck. */
  dial(rng: Rng, weather = fairWeather()): Link {
    const link = new Link(this, this.#nextId++, weather, rng);
    this.links.add(link);
    return link;
  }
}
