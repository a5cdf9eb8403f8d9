import type { LinkGround, LinkLife, LinkWire } from './linkPorts.js';

/** What travels: a frame, nothing but a sign of life, or the end. */
type Item = Uint8Array | 'beat' | 'begin' | 'end';

interface Way {
  readonly to: LinkLife;
  readonly queue: Item[];
  lastAtMs: number;
  /** arrivals that a cut holds back */
  held: number;
}

/** One link between two lives of nodes: two directed queues, in order and lossless until it ends. */
export class Wire implements LinkWire {
  isOpen = true;
  readonly #hub: LinkGround;
  readonly #onOver: (wire: Wire) => void;
  readonly #dialler: LinkLife;
  readonly #listener: LinkLife;
  readonly #ways: ReadonlyMap<LinkLife, Way>;

  /** `onOver`: it is over, and an end may not have heard of it. */
  constructor(hub: LinkGround, dialler: LinkLife, listener: LinkLife, onOver: (wire: Wire) => void) {
    this.#hub = hub;
    this.#onOver = onOver;
    this.#dialler = dialler;
    this.#listener = listener;
    const way = (to: LinkLife): Way => ({ to, queue: [], lastAtMs: 0, held: 0 });
    this.#ways = new Map([
      [dialler, way(listener)],
      [listener, way(dialler)],
    ]);
  }

  /** The listener has let the dialler in. */
  accepted(): void {
    const { self } = this.#dialler;
    this.#put(this.#listener, 'begin');
    this.#listener.begin(this, self, self.name);
  }

  send(from: LinkLife, frame: Uint8Array | undefined): void {
    if (this.isOpen) this.#put(from, frame?.slice() ?? 'beat');
  }

  /** One end closes it: the other hears so after what was sent before. */
  close(from: LinkLife): void {
    if (!this.isOpen) return;
    this.#put(from, 'end');
    this.#over();
  }

  /** What is under way is lost; both ends hear of it, each in its own time. */
  reset(): void {
    if (!this.isOpen) return;
    this.#over();
    for (const way of this.#ways.values()) {
      way.queue.length = 0;
      way.held = 0;
      this.#tell(way);
    }
  }

  /** The process at one end is gone. */
  abandon(gone: LinkLife): void {
    const way = this.#ways.get(gone);
    if (!this.isOpen || way === undefined) return;
    this.#over();
    this.#tell(way);
  }

  isOf(one: string, other: string): boolean {
    const names = [this.#dialler.self.name, this.#listener.self.name];
    return names.includes(one) && names.includes(other);
  }

  /** What a cut has held back goes on. */
  released(): void {
    for (const way of this.#ways.values()) {
      const { held } = way;
      way.held = 0;
      for (let i = 0; i < held; i++) this.#arrive(way);
    }
  }

  #over(): void {
    this.isOpen = false;
    this.#onOver(this);
  }

  #other(of: LinkLife): LinkLife {
    return of === this.#dialler ? this.#listener : this.#dialler;
  }

  #put(from: LinkLife, item: Item): void {
    const way = this.#ways.get(from);
    if (way === undefined) return;
    const { scheduler } = this.#hub;
    way.queue.push(item);
    if (typeof item !== 'string') this.#hub.note(from.self.name, way.to.self.name, item);
    way.lastAtMs = Math.max(way.lastAtMs, scheduler.nowMs + this.#hub.delayMs());
    scheduler.after(way.lastAtMs - scheduler.nowMs, () => this.#arrive(way), true);
  }

  #arrive(way: Way): void {
    const from = this.#other(way.to).self.name;
    const { to } = way;
    if (this.#hub.isBlocked(from, to.self.name)) {
      way.held++;
      return;
    }
    const item = way.queue.shift();
    if (item === undefined) return;
    to.process.enter(() => {
      if (item === 'end') to.ended(this, from);
      else if (item === 'begin') this.#begun();
      else to.take(this, from, item === 'beat' ? undefined : item);
    });
  }

  #begun(): void {
    const { self } = this.#listener;
    if (this.#dialler.takes(self, this.#dialler.self.name))
      this.#dialler.begin(this, self, this.#dialler.self.name);
    else this.close(this.#dialler);
  }

  #tell(way: Way): void {
    const { to } = way;
    const from = this.#other(to).self.name;
    this.#hub.scheduler.after(this.#hub.rng.int(0, 50), () => {
      // Across a cut nothing is heard of it either.
      if (this.#hub.isBlocked(from, to.self.name)) return;
      to.process.enter(() => to.ended(this, from));
    });
  }
}
