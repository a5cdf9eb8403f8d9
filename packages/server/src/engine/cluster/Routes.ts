import type { NodeLinks } from '../../cluster/ports.js';

/** The way of this node's ops to the owner of their partitions, as long as nothing on it was lost. */
export interface Route {
  /** who owns them */
  readonly node: string;
  /** the next node on the way: the owner itself, or one that is linked to it (CLU-34) */
  readonly via: string;
  /** rises with each route of this node */
  readonly id: number;
  isUp: boolean;
}

/** The other end of a route: whose ops come on it. */
export interface Inlet {
  /** where their clients are */
  readonly node: string;
  /** of that start of it */
  readonly boot: string;
  readonly via: string;
  readonly id: number;
  isUp: boolean;
}

/** Who hears what the routes bring. */
export interface RoutesListener {
  /** Ops of another node's clients. */
  asked(inlet: Inlet, item: unknown): void;
  /** What an owner says. */
  answered(route: Route, item: unknown): void;
  /** Of what was sent on it and not answered nobody knows what became. */
  routeLost(route: Route): void;
  /** Nobody waits for answers on it any more. */
  inletLost(inlet: Inlet): void;
  /** Something that is about no route, from a node that is linked. */
  aside(node: string, message: unknown): void;
  /** Somebody may be reached who could not be; `node`: over a link that begins. */
  linked(node?: string): void;
}

export interface RoutesParts {
  readonly name: string;
  /** of this start of the node */
  readonly boot: string;
  readonly links: Pick<NodeLinks, 'up' | 'send' | 'broadcast' | 'read' | 'onChange'>;
  /** Runs something at the end of the turn: what one turn says to a node is one frame. */
  readonly defer: (run: () => void) => void;
}

/** Items between two nodes, in order; a third one hands them on as they are. */
interface ItemsFrame {
  readonly from: string;
  readonly to: string;
  /** of the node whose clients it is about, and its number of the route */
  readonly boot: string;
  readonly route: number;
  readonly items: readonly unknown[];
}

/** Whom a node is linked to; said to all whenever it changes. */
interface LinksFrame {
  readonly links: readonly string[];
}

/** What is about no route. */
interface AsideFrame {
  readonly aside: unknown;
}

type Way = 'ops' | 'answers';

/** Bytes that one frame may hold: well below what cuts a link. */
const FRAME_BYTES = 4 * 1024 * 1024;

interface Outgoing {
  readonly channel: Way;
  readonly end: Route | Inlet;
  items: unknown[];
  bytes: number;
}

/**
 * The ways between the nodes whose clients write and those that own what is written, on links that come and go.
 *
 * A route is a piece of time in which nothing between two nodes was lost: it ends with any link on it, and the next one has a higher
 * number. So both ends start from nothing whenever something may be missing, and nobody has to number what is sent. Where two nodes have
 * no link a third one hands frames on, at most once: all say to all whom they are linked to, so that the ends learn of a break between
 * the others.
 */
export class Routes {
  readonly #parts: RoutesParts;
  readonly #listener: RoutesListener;
  readonly #routes = new Map<string, Route>();
  readonly #inlets = new Map<string, Inlet>();
  /** whom the others are linked to, as they say */
  readonly #linksOf = new Map<string, ReadonlySet<string>>();
  readonly #outgoing = new Map<Route | Inlet, Outgoing>();
  /** frames of others that were handed on */
  handedOn = 0;
  #isDeferred = false;
  #ids = 0;

  constructor(parts: RoutesParts, listener: RoutesListener) {
    this.#parts = parts;
    this.#listener = listener;
    const { links } = parts;
    links.read('ops', (from, message) => this.#heard('ops', from, message));
    links.read('answers', (from, message) => this.#heard('answers', from, message));
    links.onChange((node, isUp) => this.#changed(node, isUp));
    links.broadcast('ops', { links: [...links.up] } satisfies LinksFrame);
  }

  /** The way to an owner; undefined while there is none. */
  to(node: string): Route | undefined {
    const known = this.#routes.get(node);
    if (known?.isUp) return known;
    const via = this.#viaFor(node);
    if (via === undefined) return undefined;
    const route: Route = { node, via, id: ++this.#ids, isUp: true };
    this.#routes.set(node, route);
    return route;
  }

  /** Says something to an owner. `bytes`: about how many it takes. */
  ask(route: Route, item: unknown, bytes = 0): void {
    this.#put('ops', route, item, bytes);
  }

  /** Says something that is about no route, to one node or to all that are linked. False: that one is not. */
  aside(to: string | undefined, message: unknown): boolean {
    const { links } = this.#parts;
    const frame: AsideFrame = { aside: message };
    if (to !== undefined) return links.send(to, 'ops', frame);
    links.broadcast('ops', frame);
    return true;
  }

  /** Says something to the node whose clients asked. */
  answer(inlet: Inlet, item: unknown, bytes = 0): void {
    this.#put('answers', inlet, item, bytes);
  }

  #viaFor(node: string): string | undefined {
    const { up } = this.#parts.links;
    if (up.has(node)) return node;
    // By name, so that all of one node's ops to an owner keep one way.
    return [...up].sort().find((third) => this.#linksOf.get(third)?.has(node));
  }

  #put(channel: Way, end: Route | Inlet, item: unknown, bytes: number): void {
    if (!end.isUp) return;
    let outgoing = this.#outgoing.get(end);
    if (outgoing === undefined) {
      outgoing = { channel, end, items: [], bytes: 0 };
      this.#outgoing.set(end, outgoing);
    }
    outgoing.items.push(item);
    outgoing.bytes += bytes;
    if (outgoing.bytes >= FRAME_BYTES) this.#send(outgoing);
    if (this.#isDeferred) return;
    this.#isDeferred = true;
    this.#parts.defer(() => this.#flush());
  }

  #flush(): void {
    this.#isDeferred = false;
    const due = [...this.#outgoing.values()];
    this.#outgoing.clear();
    for (const outgoing of due) this.#send(outgoing);
  }

  #send(outgoing: Outgoing): void {
    const { channel, end, items } = outgoing;
    if (items.length === 0 || !end.isUp) return;
    outgoing.items = [];
    outgoing.bytes = 0;
    const { name, boot, links } = this.#parts;
    const of = 'boot' in end ? end.boot : boot;
    const frame: ItemsFrame = { from: name, to: end.node, boot: of, route: end.id, items };
    if (links.send(end.via, channel, frame)) return;
    if (channel === 'ops') this.#endRoute(end);
    else this.#endInlet(end as Inlet);
  }

  #heard(channel: Way, peer: string, message: unknown): void {
    // Nodes have shown each other who they are; what a later version says on this channel is not for this one.
    const frame = message as Partial<ItemsFrame & LinksFrame & AsideFrame>;
    if (Array.isArray(frame.links)) this.#linksChanged(peer, new Set(frame.links as string[]));
    else if (frame.aside !== undefined) this.#listener.aside(peer, frame.aside);
    else if (Array.isArray(frame.items)) this.#take(channel, peer, frame as ItemsFrame);
  }

  #take(channel: Way, peer: string, frame: ItemsFrame): void {
    const { name, links } = this.#parts;
    if (frame.to !== name) {
      // A third node hands on what comes from its author alone. Where it cannot, it has said so to all.
      if (frame.from === peer && links.send(frame.to, channel, frame)) this.handedOn++;
    } else if (channel === 'answers') this.#takeAnswers(frame);
    else this.#takeOps(peer, frame);
  }

  #takeAnswers({ from, boot, route: id, items }: ItemsFrame): void {
    const route = this.#routes.get(from);
    for (const item of items) {
      // What is heard may end it.
      if (route?.id !== id || !route.isUp || boot !== this.#parts.boot) return;
      this.#listener.answered(route, item);
    }
  }

  #takeOps(via: string, { from, boot, route: id, items }: ItemsFrame): void {
    let inlet = this.#inlets.get(from);
    if (inlet === undefined || inlet.boot !== boot || inlet.id < id) {
      if (inlet !== undefined) this.#endInlet(inlet);
      inlet = { node: from, boot, via, id, isUp: true };
      this.#inlets.set(from, inlet);
    }
    for (const item of items) {
      // Of an earlier route, or of one that has ended at this end only.
      if (inlet.id !== id || !inlet.isUp) return;
      this.#listener.asked(inlet, item);
    }
  }

  #changed(node: string, isUp: boolean): void {
    const { links } = this.#parts;
    this.#linksOf.delete(node);
    // What was under way on the link of before is lost, also where only its successor is told of.
    for (const route of this.#routes.values())
      if (route.via === node || route.node === node) this.#endRoute(route);
    for (const inlet of this.#inlets.values()) if (inlet.via === node) this.#endInlet(inlet);
    links.broadcast('ops', { links: [...links.up] } satisfies LinksFrame);
    if (isUp) this.#listener.linked(node);
  }

  #linksChanged(third: string, links: ReadonlySet<string>): void {
    this.#linksOf.set(third, links);
    const isBroken = ({ via, node }: Route | Inlet): boolean =>
      via === third && node !== third && !links.has(node);
    for (const route of this.#routes.values()) if (isBroken(route)) this.#endRoute(route);
    for (const inlet of this.#inlets.values()) if (isBroken(inlet)) this.#endInlet(inlet);
    this.#listener.linked();
  }

  #endRoute(route: Route): void {
    if (!route.isUp) return;
    route.isUp = false;
    this.#listener.routeLost(route);
  }

  #endInlet(inlet: Inlet): void {
    if (!inlet.isUp) return;
    inlet.isUp = false;
    this.#listener.inletLost(inlet);
  }
}
