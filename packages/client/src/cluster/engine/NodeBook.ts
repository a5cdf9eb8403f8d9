import {
  CLUSTER_LIMITS,
  type ClusterMapMessage,
  NODE_STATES,
  type NodeState,
} from '@topgun/protocol/cluster';
import { Circuit } from './Circuit.js';
import type { WriteShares } from './WriteShares.js';

/** A way into the cluster: a node that the map names, or a seed, behind which there may be a balancer. */
export interface Way {
  readonly url: string;
  readonly circuit: Circuit;
  /** of a node of the map */
  name: string | undefined;
  state: NodeState | 'UNKNOWN';
  /** index into `owners` of the map; 0 for none */
  owner: number;
  /** it has said goodbye, and is asked last until then */
  goneUntilMs: number;
  /** after its goodbye: the version of a map in which it was no node that serves */
  leftBy: number | undefined;
}

/** How good a way is: the lower the better; from `LAST` on it is taken only when there is no other. */
const RANK = { NODE: 0, SEED: 1, PROBE: 2, LAST: 3, BROKEN: 4 } as const;

const isEncrypted = (url: string): boolean => /^wss:/i.test(url);
/** The same address, however it was written. */
const addressOf = (url: string): string => url.replace(/\/+$/, '');

/** The nodes that a client knows, how they have done, and which one it should try next. It has no clock and no chance of its own. */
export class NodeBook {
  readonly #seeds: ReadonlySet<string>;
  readonly #ways = new Map<string, Way>();
  /** what the node one is at said last */
  map: ClusterMapMessage | undefined;

  constructor(seeds: readonly string[]) {
    this.#seeds = new Set(seeds.map(addressOf));
    for (const seed of this.#seeds) this.#ways.set(seed, newWay(seed));
  }

  ways(): Iterable<Way> {
    return this.#ways.values();
  }

  /**
   * What the node one is connected to knows. Seeds stay known whatever it says. Where all of them are `wss:`, nodes that would be
   * reached without encryption are left out: tokens are sent to them. Returns those that have been started anew since they said goodbye.
   */
  take(map: ClusterMapMessage, at: Way | undefined): readonly Way[] {
    this.map = map;
    const mustEncrypt = [...this.#seeds].every(isEncrypted);
    for (const way of this.#ways.values()) {
      way.name = undefined;
      way.state = 'UNKNOWN';
      way.owner = 0;
    }
    const named = new Set<string>();
    map.nodes.forEach(([name, url, state], i) => {
      if (mustEncrypt && !isEncrypted(url)) return;
      const address = addressOf(url);
      named.add(address);
      const way = this.#ways.get(address) ?? newWay(address);
      this.#ways.set(address, way);
      way.name = name;
      way.state = NODE_STATES[state] ?? 'UNKNOWN';
      way.owner = i + 1;
    });
    for (const [address, way] of this.#ways)
      if (!named.has(address) && !this.#seeds.has(address) && way !== at) this.#ways.delete(address);
    return [...this.#ways.values()].filter((way) => noteReturn(way, map.version));
  }

  /** What the map says of the node that one is connected to, by whatever address. */
  get self(): { readonly state: NodeState | 'UNKNOWN'; readonly owner: number } {
    const { nodes = [], self } = this.map ?? {};
    const place = nodes.findIndex(([name]) => name === self);
    return { state: NODE_STATES[nodes[place]?.[2] ?? -1] ?? 'UNKNOWN', owner: place + 1 };
  }

  /** Whether a way that was not tried is worth trying at once. */
  hasOther(tried: ReadonlySet<Way>, nowMs: number): boolean {
    return [...this.#ways.values()].some((way) => !tried.has(way) && this.#rank(way, nowMs) < RANK.LAST);
  }

  /**
   * The best way of those that were not tried: nodes that are in order, then seeds, then one whose circuit may close. What has gone, drains or
   * joins comes after them; what is broken only where nothing else was tried, for then the pauses of the engine are circuit enough. Among
   * equals the one that owns most of what `writes` counts, else chance decides.
   */
  next(
    tried: ReadonlySet<Way>,
    nowMs: number,
    random: () => number,
    writes: WriteShares | undefined,
  ): Way | undefined {
    const isLastResort = [...tried].every((way) => this.#rank(way, nowMs) === RANK.BROKEN);
    const shares = writes?.byOwner(this.map?.owners ?? []);
    const ranked = [...this.#ways.values()].flatMap((way) => {
      const rank = this.#rank(way, nowMs);
      if (tried.has(way) || (rank === RANK.BROKEN && !isLastResort)) return [];
      return [{ way, rank, share: (way.owner > 0 && shares?.get(way.owner)) || 0, lot: random() }];
    });
    ranked.sort((a, b) => a.rank - b.rank || b.share - a.share || a.lot - b.lot);
    return ranked[0]?.way;
  }

  #rank(way: Way, nowMs: number): number {
    const circuit = way.circuit.stateAt(nowMs);
    if (circuit === 'OPEN') return RANK.BROKEN;
    if (nowMs < way.goneUntilMs || way.state === 'DRAINING' || way.state === 'JOINING') return RANK.LAST;
    if (circuit === 'HALF_OPEN') return RANK.PROBE;
    return way.state === 'ACTIVE' ? RANK.NODE : RANK.SEED;
  }
}

const newWay = (url: string): Way => ({
  url,
  circuit: new Circuit(),
  name: undefined,
  state: 'UNKNOWN',
  owner: 0,
  goneUntilMs: Number.NEGATIVE_INFINITY,
  leftBy: undefined,
});

/** Notes that a node which said goodbye was seen to have left. True: it serves by this map, as another start of it, and its goodbye is over. */
function noteReturn(way: Way, version: number): boolean {
  const { state, leftBy, goneUntilMs } = way;
  if (state === 'UNKNOWN' || state === 'JOINING') {
    if (goneUntilMs !== Number.NEGATIVE_INFINITY) way.leftBy ??= version;
    return false;
  }
  if (state !== 'ACTIVE' || leftBy === undefined || version <= leftBy) return false;
  way.leftBy = undefined;
  way.goneUntilMs = Number.NEGATIVE_INFINITY;
  return true;
}

/** When a way that has said goodbye now may be asked as any other again. */
export const goneUntil = (nowMs: number): number => nowMs + CLUSTER_LIMITS.nodeGoneMs;
