import type { LinkChannel, NodeLinks } from '../../../cluster/ports.js';

interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly channel: LinkChannel;
  readonly message: unknown;
}

/** Links between nodes of one process: what is sent waits until the test lets it arrive, and is lost when the link breaks. */
export class MemoryNetwork {
  readonly #nodes = new Map<string, MemoryLinks>();
  #parcels: Parcel[] = [];

  node(name: string): MemoryLinks {
    const links = new MemoryLinks(name, this);
    this.#nodes.set(name, links);
    return links;
  }

  get isQuiet(): boolean {
    return this.#parcels.length === 0;
  }

  /** Pairs of nodes, and whether they are linked. */
  link(one: string, other: string, isUp: boolean): void {
    this.#parcels = this.#parcels.filter(
      ({ from, to }) => !((from === one && to === other) || (from === other && to === one)),
    );
    for (const [here, there] of [
      [one, other],
      [other, one],
    ] as const)
      this.#nodes.get(here)?.changed(there, isUp);
  }

  put(parcel: Parcel): void {
    this.#parcels.push({ ...parcel, message: structuredClone(parcel.message) });
  }

  /** Lets the first message of some pair of nodes arrive; `pick` chooses the pair. False: there is none. */
  deliver(pick: (count: number) => number = () => 0): boolean {
    const ways = [...new Set(this.#parcels.map(({ from, to }) => `${from} ${to}`))];
    if (ways.length === 0) return false;
    const way = ways[pick(ways.length)];
    const at = this.#parcels.findIndex(({ from, to }) => `${from} ${to}` === way);
    const [parcel] = this.#parcels.splice(at, 1);
    if (parcel === undefined) return false;
    this.#nodes.get(parcel.to)?.heard(parcel.channel, parcel.from, parcel.message);
    return true;
  }
}

export class MemoryLinks implements NodeLinks {
  readonly up = new Set<string>();
  readonly #name: string;
  readonly #network: MemoryNetwork;
  readonly #readers = new Map<LinkChannel, (from: string, message: unknown) => void>();
  readonly #listeners: ((node: string, isUp: boolean) => void)[] = [];

  constructor(name: string, network: MemoryNetwork) {
    this.#name = name;
    this.#network = network;
  }

  send(node: string, channel: LinkChannel, message: unknown): boolean {
    if (!this.up.has(node)) return false;
    this.#network.put({ from: this.#name, to: node, channel, message });
    return true;
  }

  broadcast(channel: LinkChannel, message: unknown): void {
    for (const node of this.up) this.send(node, channel, message);
  }

  read(channel: LinkChannel, reader: (from: string, message: unknown) => void): void {
    this.#readers.set(channel, reader);
  }

  onChange(listener: (node: string, isUp: boolean) => void): void {
    this.#listeners.push(listener);
  }

  heard(channel: LinkChannel, from: string, message: unknown): void {
    this.#readers.get(channel)?.(from, message);
  }

  changed(node: string, isUp: boolean): void {
    if (isUp) this.up.add(node);
    else this.up.delete(node);
    for (const listener of this.#listeners) listener(node, isUp);
  }
}
