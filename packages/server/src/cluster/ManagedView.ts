import { PARTITION_COUNT } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { ClusterFault, ClusterStatus, ClusterView } from './ClusterView.js';
import type { ClusterMap, NodeInfo } from './ports.js';

/** Of what the manager of a node tells, what operators are shown. */
export interface ManagedStatus {
  readonly node: string;
  /** how long the node believes itself alive, ms; 0: it does not, and owns nothing */
  readonly aliveForMs: number;
  readonly coordinator: string | undefined;
  readonly mapVersion: number;
  readonly nodes: readonly (NodeInfo & {
    /** of its lease when this node last heard of it, ms; undefined: not heard of yet */
    readonly leaseLeftMs: number | undefined;
  })[];
}

export interface ManagedViewParts {
  readonly status: () => ManagedStatus;
  /** who owns what, in the version that the status names; undefined before the first one */
  readonly map: () => ClusterMap | undefined;
  /** names of the nodes that are linked */
  readonly linked: () => ReadonlySet<string>;
  /** what else is not as it should be: DATABASE, REDIS */
  readonly faults: () => readonly ClusterFault[];
  /** how long a lease is, ms */
  readonly leaseMs: number;
  /** Writes down that a start of a node drains; false: it is not there any more. */
  readonly setDraining: (node: string, boot: string) => Promise<boolean>;
  /** Has the coordinator look again. */
  readonly rebalance: () => void;
}

/** The cluster as a node of it sees it, for its operators. */
export class ManagedView implements ClusterView {
  readonly #parts: ManagedViewParts;

  constructor(parts: ManagedViewParts) {
    this.#parts = parts;
  }

  status(): ClusterStatus {
    const { status, map, linked, faults, leaseMs } = this.#parts;
    const { node: self, aliveForMs, coordinator, mapVersion, nodes } = status();
    const up = linked();
    return {
      isCluster: true,
      self,
      coordinator,
      mapVersion,
      nodes: nodes.map(({ leaseLeftMs, ...node }) => ({
        ...infoOf(node),
        ...(leaseLeftMs !== undefined && { leaseAgeMs: Math.max(0, leaseMs - leaseLeftMs) }),
        isLinked: node.name === self || up.has(node.name),
      })),
      owners: map()?.owners ?? NOBODY,
      faults: [...faults(), ...(aliveForMs > 0 ? [] : (['FENCED'] as const))],
    };
  }

  async drain(name: string): Promise<void> {
    const { nodes } = this.#parts.status();
    const node = nodes.find((each) => each.name === name);
    const unknown = (): Error => serverError('CLUSTER_NODE_UNKNOWN', `The cluster has no node ${name}.`);
    if (node === undefined) throw unknown();
    if (node.state === 'DRAINING') return;
    // Nobody would take what it gives away.
    if (!nodes.some((other) => other.name !== name && other.state === 'ACTIVE'))
      throw serverError('CLUSTER_LAST_NODE', `Nobody but ${name} takes partitions.`);
    if (!(await this.#parts.setDraining(name, node.boot))) throw unknown();
  }

  async rebalance(): Promise<number> {
    const map = this.#parts.map();
    this.#parts.rebalance();
    return map === undefined ? 0 : movesOf(map);
  }
}

const NOBODY = Array.from({ length: PARTITION_COUNT }, (_, pid) => ({
  pid,
  epoch: 0,
  node: undefined,
  boot: undefined,
  target: undefined,
}));

function infoOf({ name, boot, slot, address, publicUrl, state, protocol }: NodeInfo): NodeInfo {
  return { name, boot, slot, address, ...(publicUrl !== undefined && { publicUrl }), state, protocol };
}

/** The fewest moves after which all active nodes own as many, to within one, and nobody else owns anything. */
export function movesOf({ nodes, owners }: ClusterMap): number {
  const owned = new Map(nodes.filter(({ state }) => state === 'ACTIVE').map(({ name }) => [name, 0]));
  if (owned.size === 0) return 0;
  for (const { node } of owners) {
    const count = node === undefined ? undefined : owned.get(node);
    if (node !== undefined && count !== undefined) owned.set(node, count + 1);
  }
  // So many nodes may have one more than the others: those that have the most.
  const share = Math.floor(owners.length / owned.size);
  let more = owners.length % owned.size;
  let kept = 0;
  for (const count of [...owned.values()].sort((a, b) => b - a)) {
    const most = more > 0 ? share + 1 : share;
    kept += Math.min(count, most);
    if (count >= most && more > 0) more--;
  }
  return owners.length - kept;
}
