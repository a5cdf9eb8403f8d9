import { packPlain, unpackPlain } from '@topgun/protocol';
import type { LinkChannel, NodeInfo, NodeLinks } from '@topgun/server/internal/cluster/ports';
import type { LinkLife, LinkMaker, LinkWire } from './linkPorts.js';
import type { Asker } from './Membership.js';
import type { NodeProcess } from './NodeProcess.js';

export interface LinksParts {
  readonly self: Asker;
  readonly process: NodeProcess;
  readonly hub: LinkMaker;
  readonly count: (what: string) => void;
  /** What a reader threw. */
  readonly onError: (error: unknown) => void;
}

interface End {
  readonly wire: LinkWire;
  readonly boot: string;
  readonly dialler: string;
  /** looks since anything was heard */
  missed: number;
}

/** What `Routes` sends. */
interface ItemsFrame {
  readonly to: string;
  readonly items: readonly { readonly say?: string }[];
}

const LOOK_MS = 500;
/** Silence for so many looks ends a link: three seconds (CLU-41). */
const LOOKS_MAX = 6;

/** The links of one life of a node, in place of its sockets: in order as long as they live, and then lost (CLU-40, CLU-41). */
export class SimLinks implements NodeLinks, LinkLife {
  readonly self: Asker;
  readonly process: NodeProcess;
  readonly up = new Set<string>();
  readonly #parts: LinksParts;
  readonly #ends = new Map<string, End>();
  readonly #readers = new Map<LinkChannel, (from: string, message: unknown) => void>();
  readonly #listeners: ((node: string, isUp: boolean) => void)[] = [];
  #nodes: readonly NodeInfo[] = [];
  #isOpen = false;

  constructor(parts: LinksParts) {
    this.#parts = parts;
    this.self = parts.self;
    this.process = parts.process;
  }

  get isOpen(): boolean {
    return this.#isOpen && this.process.isAlive;
  }

  open(): void {
    this.#isOpen = true;
    this.#parts.hub.listens(this);
    this.#lookLater();
  }

  setNodes(nodes: readonly NodeInfo[]): void {
    this.#nodes = nodes;
    this.#dial();
  }

  send(node: string, channel: LinkChannel, message: unknown): boolean {
    const end = this.#ends.get(node);
    end?.wire.send(this, packPlain([channel, message]));
    return end !== undefined;
  }

  broadcast(channel: LinkChannel, message: unknown): void {
    const frame = packPlain([channel, message]);
    for (const { wire } of this.#ends.values()) wire.send(this, frame);
  }

  read(channel: LinkChannel, reader: (from: string, message: unknown) => void): void {
    this.#readers.set(channel, reader);
  }

  onChange(listener: (node: string, isUp: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** Nobody is told of it here. */
  close(): void {
    this.#isOpen = false;
    this.#listeners.length = 0;
    for (const { wire } of this.#ends.values()) wire.close(this);
    this.#ends.clear();
  }

  takes(other: Asker, dialler: string): boolean {
    if (!this.#isOpen) return false;
    const there = this.#ends.get(other.name);
    return (
      there === undefined || there.boot !== other.boot || there.dialler === dialler || dialler < there.dialler
    );
  }

  begin(wire: LinkWire, other: Asker, dialler: string): void {
    const there = this.#ends.get(other.name);
    if (there !== undefined) {
      there.wire.close(this);
      this.#forget(other.name, there);
    }
    this.#ends.set(other.name, { wire, boot: other.boot, dialler, missed: 0 });
    this.up.add(other.name);
    this.#tell(other.name, true);
  }

  take(wire: LinkWire, from: string, frame: Uint8Array | undefined): void {
    const end = this.#ends.get(from);
    if (end?.wire !== wire) return;
    end.missed = 0;
    if (frame === undefined) return;
    const [channel, message] = unpackPlain(frame) as [LinkChannel, unknown];
    this.#look(message as Partial<ItemsFrame>);
    try {
      this.#readers.get(channel)?.(from, message);
    } catch (error) {
      this.#parts.onError(error);
    }
  }

  ended(wire: LinkWire, from: string): void {
    const end = this.#ends.get(from);
    if (end?.wire === wire) this.#forget(from, end);
  }

  #forget(name: string, end: End): void {
    if (this.#ends.get(name) !== end) return;
    this.#ends.delete(name);
    this.up.delete(name);
    this.#tell(name, false);
  }

  #lookLater(): void {
    this.process.after(LOOK_MS, () => {
      if (!this.#isOpen) return;
      this.#watch();
      this.#lookLater();
    });
  }

  #look({ to, items }: Partial<ItemsFrame>): void {
    const { count } = this.#parts;
    if (to === undefined || items === undefined) return;
    if (to !== this.self.name) count('sometimes op handed on by a third node');
    if (items.some(({ say }) => say === 'bounced')) count('sometimes op sent back by who is no owner');
  }

  #watch(): void {
    for (const [name, end] of [...this.#ends]) {
      if (++end.missed > LOOKS_MAX) {
        end.wire.close(this);
        this.#forget(name, end);
      } else end.wire.send(this, undefined);
    }
    this.#dial();
  }

  #dial(): void {
    if (!this.#isOpen) return;
    for (const { name } of this.#nodes)
      if (name !== this.self.name && !this.#ends.has(name)) this.#parts.hub.dial(this, name);
  }

  #tell(node: string, isUp: boolean): void {
    for (const listener of [...this.#listeners]) listener(node, isUp);
  }
}
