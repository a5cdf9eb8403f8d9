import { LIMITS } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { ClusterStatus as ManagerStatus } from './ClusterStatus.js';
import type { ClusterFault, ClusterStatus, ClusterView } from './ClusterView.js';
import type { ClusterMap, NodeInfo } from './ports.js';

/** Of the manager of a node, what operators are shown and may order. */
export interface Managed {
  status(): Pick<ManagerStatus, 'node' | 'aliveForMs' | 'coordinator' | 'mapVersion' | 'nodes'>;
  /** its map is the one that the status tells of */
  readonly partitions: { readonly map: ClusterMap };
  /** Writes down that a start of a node drains; false: it is not there any more. */
  order(node: string, boot: string): Promise<boolean>;
  rebalance(): void;
}

export interface ManagedViewParts {
  readonly manager: Managed;
  /** names of the nodes that are linked: `NodeLinks.up` */
  readonly linked: () => ReadonlySet<string>;
  /** what else is not as it should be: DATABASE, REDIS */
  readonly faults: () => readonly ClusterFault[];
  /** how long a lease is, ms; default `LIMITS.clusterLeaseMs` */
  readonly leaseMs?: number;
}

/** The cluster as a node of it sees it, for its operators. */
export class ManagedView implements ClusterView {
  readonly #parts: ManagedViewParts;

  constructor(parts: ManagedViewParts) {
    this.#parts = parts;
  }

  status(): ClusterStatus {
    const { manager, linked, faults, leaseMs = LIMITS.clusterLeaseMs } = this.#parts;
    const { node: self, aliveForMs, coordinator, mapVersion, nodes } = manager.status();
    const up = linked();
    return {
      isCluster: true,
      self,
      coordinator,
      mapVersion,
      nodes: nodes.map((node) => ({
        ...infoOf(node),
        ...(node.leaseLeftMs !== undefined && { leaseAgeMs: Math.max(0, leaseMs - node.leaseLeftMs) }),
        isLinked: node.name === self || up.has(node.name),
      })),
      owners: manager.partitions.map.owners,
      faults: [...faults(), ...(aliveForMs > 0 ? [] : (['FENCED'] as const))],
    };
  }

  async drain(name: string): Promise<void> {
    const { manager } = this.#parts;
    const { nodes } = manager.status();
    const node = nodes.find((each) => each.name === name);
    const unknown = (): Error => serverError('CLUSTER_NODE_UNKNOWN', `The cluster has no node ${name}.`);
    if (node === undefined) throw unknown();
    if (node.state === 'DRAINING') return;
    // Nobody would take what it gives away.
    if (!nodes.some((other) => other.name !== name && other.state === 'ACTIVE'))
      throw serverError('CLUSTER_LAST_NODE', `Nobody but ${name} takes partitions.`);
    if (!(await manager.order(name, node.boot))) throw unknown();
  }

  async rebalance(): Promise<number> {
    const { manager } = this.#parts;
    manager.rebalance();
    return movesOf(manager.partitions.map);
  }
}

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
