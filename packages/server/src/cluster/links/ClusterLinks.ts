import { CLOSE_CODE, LIMITS, packPlain, unpackPlain } from '@topgun/protocol';
import type { UpgradeDoor } from '../../transport/Upgrades.js';
import type { Logger } from '../../utils/logger.js';
import type { LinkChannel, NodeInfo, NodeLinks } from '../ports.js';
import { linkChannels } from './channels.js';
import { Dials } from './Dials.js';
import { dialLink, type LinkTls } from './dialLink.js';
import { Greeting } from './Greeting.js';
import { LINK_VERSIONS, type LinkEnd, type LinkRefusal, type LinkRole, NONCE_BYTES } from './handshake.js';
import { Link, type LinkEvents } from './Link.js';
import { LinkCounts, type LinkEndReason } from './LinkCounts.js';
import { GreetingSocket, LinkDoor, type LinkSocket, refusalOf } from './LinkDoor.js';
import { replaces } from './settle.js';

export interface ClusterLinksParts {
  /** of this node */
  readonly name: string;
  readonly boot: string;
  /** that all nodes of the cluster know */
  readonly secret: string;
  readonly logger: Logger;
  /** of a clock that never goes back */
  readonly monoMs: () => number;
  /** numbers from 0 up to 1 */
  readonly random: () => number;
  /** so many bytes that nobody foresees */
  readonly randomBytes: (count: number) => Uint8Array;
  readonly tls?: LinkTls;
  /** oldest and newest protocol version of this node; by default those of this build */
  readonly versions?: readonly [min: number, max: number];
}

/** What is to be told of links; counters only ever grow. */
export type LinkFigures = ReturnType<ClusterLinks['figures']>;

/**
 * The links of this node to all others (CLU-40, CLU-41): one to each, whoever dialled. `open`, then `setNodes` whenever the map changes; at
 * `/cluster` others come in through `door`. `look` drives all that time does; `open` has it called.
 */
export class ClusterLinks implements NodeLinks {
  readonly door: UpgradeDoor;
  readonly #parts: ClusterLinksParts;
  readonly #dials: Dials;
  readonly #links = new Map<string, Link>();
  readonly #up = new Set<string>();
  readonly #greetings = new Set<GreetingSocket>();
  readonly #readers = new Map<LinkChannel, (from: string, message: unknown) => void>();
  readonly #listeners: ((node: string, isUp: boolean) => void)[] = [];
  readonly #counts = new LinkCounts();
  readonly #loggedMs = new Map<string, number>();
  readonly #events: LinkEvents = {
    message: (link, frame) => this.#take(link, frame),
    ended: (link, why) => this.#ended(link, why),
  };
  #looking: NodeJS.Timeout | undefined;
  #isOpen = false;

  constructor(parts: ClusterLinksParts) {
    this.#parts = parts;
    this.#dials = new Dials(parts.name, parts.random);
    this.door = new LinkDoor({
      isOpen: () => this.#isOpen,
      greet: (way, role, onKnown) => this.#greet(way, role, undefined, onKnown),
    });
  }

  /** Names of the nodes that are linked now. */
  get up(): ReadonlySet<string> {
    return this.#up;
  }

  /** Whether every other node of the map is linked. */
  get isWhole(): boolean {
    for (const name of this.#dials.names()) if (!this.#links.has(name)) return false;
    return true;
  }

  open(): void {
    this.#isOpen = true;
    this.#looking = setInterval(() => this.look(), LIMITS.linkLookMs);
  }

  /** The nodes of the map: those that are not linked are dialled. Links to others stay, if there are any: the map of two nodes may differ. */
  setNodes(nodes: readonly NodeInfo[]): void {
    this.#dials.setNodes(nodes, this.#parts.monoMs());
    this.#dial();
  }

  send(node: string, channel: LinkChannel, message: unknown): boolean {
    const link = this.#links.get(node);
    return link !== undefined && this.#push(link, channel, frameOf(channel, message));
  }

  broadcast(channel: LinkChannel, message: unknown): void {
    this.sendTo(this.#links.keys(), channel, message);
  }

  /** To those of them that are linked: encoded once. */
  sendTo(nodes: Iterable<string>, channel: LinkChannel, message: unknown): void {
    let frame: Uint8Array | undefined;
    for (const node of nodes) {
      const link = this.#links.get(node);
      if (link === undefined) continue;
      frame ??= frameOf(channel, message);
      this.#push(link, channel, frame);
    }
  }

  read(channel: LinkChannel, reader: (from: string, message: unknown) => void): void {
    if (this.#readers.has(channel)) throw new Error(`the channel ${channel} has a reader`);
    this.#readers.set(channel, reader);
  }

  onChange(listener: (node: string, isUp: boolean) => void): void {
    this.#listeners.push(listener);
  }

  /** To be called every `LIMITS.linkLookMs`. */
  look(): void {
    const nowMs = this.#parts.monoMs();
    for (const greeting of this.#greetings)
      if (nowMs - greeting.sinceMs > LIMITS.linkAuthMs) greeting.refuse('late');
    for (const link of this.#links.values()) link.look();
    this.#dial();
  }

  /** Says good-bye to all. Nobody is told of it here. */
  close(): void {
    this.#isOpen = false;
    clearInterval(this.#looking);
    this.#listeners.length = 0;
    for (const greeting of this.#greetings) greeting.cut();
    for (const link of this.#links.values()) link.close(CLOSE_CODE.GOING_AWAY, 'closed');
  }

  figures() {
    const { sent, received, bytesIn, bytesOut, ended, refused, unreached } = this.#counts;
    let waitingBytes = 0;
    for (const link of this.#links.values()) waitingBytes += link.waitingBytes;
    const now = { up: this.#links.size, isWhole: this.isWhole, waitingBytes };
    return { ...now, sent, received, bytesIn, bytesOut, ended, refused, unreached };
  }

  #dial(): void {
    if (!this.#isOpen) return;
    for (const node of this.#dials.due(this.#parts.monoMs(), this.#links)) void this.#reach(node);
  }

  async #reach({ name, address }: NodeInfo): Promise<void> {
    try {
      const way = await dialLink(address, this.#parts.tls ?? {});
      if (!this.#isOpen) return way.socket.terminate();
      this.#greet(way, 'dialler', name, () => undefined);
      way.socket.resume();
    } catch (error) {
      this.#counts.unreached++;
      this.#dials.failed(name, this.#parts.monoMs());
      this.#warn(name, 'unreached', { err: error }, 'a node is not reached');
    }
  }

  #greet(way: LinkSocket, role: LinkRole, target: string | undefined, onKnown: () => void): void {
    const { name, boot, secret, randomBytes, monoMs, versions = LINK_VERSIONS } = this.#parts;
    const self: LinkEnd = { name, boot, versions, nonce: randomBytes(NONCE_BYTES) };
    const greeting = new Greeting({ role, secret, self, ...(target !== undefined && { target }) });
    const over = (): void => {
      this.#greetings.delete(socket);
    };
    const failed = (): void => {
      over();
      if (target !== undefined) this.#dials.failed(target, monoMs());
    };
    const madeOf = (other: LinkEnd) => ({
      boot: other.boot,
      dialler: role === 'dialler' ? name : other.name,
    });
    const socket = new GreetingSocket(way, greeting, monoMs(), {
      known: (other) => {
        const there = this.#links.get(other.name);
        return there === undefined || replaces(madeOf(other), there, [name, other.name]);
      },
      begin: (other) => {
        over();
        onKnown();
        if (target !== undefined) this.#dials.succeeded(target);
        this.#begin(new Link({ name: other.name, ...madeOf(other), ...way, events: this.#events }));
      },
      refused: (why) => {
        failed();
        this.#refused(target, why);
      },
      closed: (code) => {
        failed();
        const why = refusalOf(code);
        if (why !== undefined) this.#refused(target, why);
      },
    });
    this.#greetings.add(socket);
  }

  #begin(link: Link): void {
    const there = this.#links.get(link.name);
    there?.close(CLOSE_CODE.REPLACED, 'replaced');
    // It may have ended before, and that is told later.
    if (there !== undefined) this.#forget(there);
    this.#links.set(link.name, link);
    this.#up.add(link.name);
    this.#parts.logger.info({ node: link.name, dialler: link.dialler }, 'a node is linked');
    this.#tell(link.name, true);
  }

  #ended(link: Link, why: LinkEndReason): void {
    this.#counts.ended[why]++;
    if (why !== 'closed') this.#parts.logger.warn({ node: link.name, why }, 'a link has ended');
    this.#forget(link);
  }

  #forget(link: Link): void {
    if (this.#links.get(link.name) !== link) return;
    this.#links.delete(link.name);
    this.#up.delete(link.name);
    this.#dials.lost(link.name, this.#parts.monoMs());
    this.#tell(link.name, false);
  }

  #push(link: Link, channel: LinkChannel, frame: Uint8Array): boolean {
    if (!link.send(frame)) return false;
    this.#counts.sent[channel]++;
    this.#counts.bytesOut += frame.length;
    return true;
  }

  #take(link: Link, frame: Buffer): void {
    this.#counts.bytesIn += frame.length;
    try {
      const [number, message] = unpackPlain(frame) as readonly [number, unknown];
      const channel = linkChannels[number];
      // A node of a later version may have more of them.
      if (channel === undefined) return;
      this.#counts.received[channel]++;
      this.#readers.get(channel)?.(link.name, message);
    } catch (error) {
      // What follows builds on it: both sides go by the database.
      this.#parts.logger.error({ node: link.name, err: error }, 'a message of a node could not be taken in');
      link.cut('reader');
    }
  }

  #refused(target: string | undefined, why: LinkRefusal): void {
    this.#counts.refused[why]++;
    this.#warn(target ?? 'somebody', why, { why }, 'a link was refused');
  }

  /** Once a minute for each trouble with each node. */
  #warn(node: string, what: string, fields: object, text: string): void {
    const nowMs = this.#parts.monoMs();
    const key = `${node} ${what}`;
    const before = this.#loggedMs.get(key);
    if (before !== undefined && nowMs - before < LIMITS.linkLogMs) return;
    this.#loggedMs.set(key, nowMs);
    this.#parts.logger.warn({ node, ...fields }, text);
  }

  #tell(node: string, isUp: boolean): void {
    for (const listener of this.#listeners) listener(node, isUp);
  }
}

const frameOf = (channel: LinkChannel, message: unknown): Uint8Array =>
  packPlain([linkChannels.indexOf(channel), message]);
