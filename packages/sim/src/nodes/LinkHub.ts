import type { Rng } from '../rng.js';
import type { Scheduler } from '../Scheduler.js';
import type { LinkGround, LinkLife, LinkMaker } from './linkPorts.js';
import { Wire } from './Wire.js';

const CALM_MS = 2;

export interface HubParts {
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly note: (from: string, to: string, frame: Uint8Array) => void;
}

/** What lies between the nodes of a simulated cluster, and what is wrong with it. */
export class LinkHub implements LinkGround, LinkMaker {
  readonly scheduler: Scheduler;
  readonly rng: Rng;
  readonly note: HubParts['note'];
  readonly #wires = new Set<Wire>();
  /** Wires of which an end may not have heard that they are over. */
  readonly #ended = new Set<Wire>();
  delayMsMax = CALM_MS;
  /** ways on which nothing gets through, as `from>to` */
  readonly #blocked = new Map<string, number>();
  readonly #living = new Map<string, LinkLife>();

  constructor({ scheduler, rng, note }: HubParts) {
    this.scheduler = scheduler;
    this.rng = rng;
    this.note = note;
  }

  delayMs(): number {
    return this.rng.int(0, this.delayMsMax);
  }

  isBlocked(from: string, to: string): boolean {
    return this.#blocked.has(`${from}>${to}`);
  }

  /** Nothing gets through one way; the function that is returned ends that. */
  block(from: string, to: string): () => void {
    const way = `${from}>${to}`;
    this.#blocked.set(way, (this.#blocked.get(way) ?? 0) + 1);
    return () => {
      const left = (this.#blocked.get(way) ?? 1) - 1;
      if (left > 0) this.#blocked.set(way, left);
      else this.#blocked.delete(way);
      for (const wire of [...this.#wires, ...this.#ended]) if (wire.isOf(from, to)) wire.released();
    };
  }

  reset(one: string, other: string): void {
    for (const wire of [...this.#wires]) if (wire.isOf(one, other)) wire.reset();
  }

  /** A life of a node can be reached from now on. */
  listens(links: LinkLife): void {
    this.#living.set(links.self.name, links);
  }

  /** Its process is gone. */
  gone(links: LinkLife): void {
    if (this.#living.get(links.self.name) === links) this.#living.delete(links.self.name);
    for (const wire of [...this.#wires]) wire.abandon(links);
  }

  /** A node tries to reach another one: when that listens, and the way is free both ways, a link begins at both ends. */
  dial(from: LinkLife, to: string): void {
    const { name } = from.self;
    this.scheduler.after(this.delayMs() + this.delayMs(), () => {
      const there = this.#living.get(to);
      if (there?.isOpen !== true || !from.isOpen) return;
      if (this.isBlocked(name, to) || this.isBlocked(to, name)) return;
      there.process.enter(() => {
        if (!from.isOpen || !there.takes(from.self, name)) return;
        const wire = new Wire(this, from, there, (over) => {
          this.#wires.delete(over);
          this.#ended.add(over);
        });
        this.#wires.add(wire);
        wire.accepted();
      });
    });
  }

  heal(): void {
    this.delayMsMax = CALM_MS;
  }
}
