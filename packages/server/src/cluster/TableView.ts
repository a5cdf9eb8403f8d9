import { PARTITION_COUNT, PROTOCOL_VERSION } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { ClusterFault, ClusterNodeStatus, ClusterStatus, ClusterView } from './ClusterView.js';
import type { OwnerRow } from './ports.js';

/** For tests of what shows a cluster: one that is a table alone: orders change it at once, and partitions move when they are told to. */
export class TableView implements ClusterView {
  readonly nodes: ClusterNodeStatus[];
  owners: OwnerRow[];
  faults: readonly ClusterFault[] = [];
  mapVersion = 1;

  /** Partitions are dealt to the nodes in turn; the first one answers and coordinates. */
  constructor(names: readonly string[]) {
    this.nodes = names.map((name, slot) => ({
      name,
      boot: `${name}-1`,
      slot,
      address: `ws://${name}:8080/cluster`,
      state: 'ACTIVE',
      protocol: PROTOCOL_VERSION,
      leaseAgeMs: 700,
      isLinked: true,
    }));
    this.owners = Array.from({ length: PARTITION_COUNT }, (_, pid) => {
      const node = names[pid % names.length] as string;
      return { pid, epoch: 1, node, boot: `${node}-1`, target: undefined };
    });
  }

  status(): ClusterStatus {
    const { nodes, owners, faults, mapVersion } = this;
    const name = nodes[0]?.name as string;
    return { isCluster: true, self: name, coordinator: name, mapVersion, nodes, owners, faults };
  }

  async drain(name: string): Promise<void> {
    if (!this.nodes.some((node) => node.name === name))
      throw serverError('CLUSTER_NODE_UNKNOWN', `The cluster has no node ${name}.`);
    const others = this.nodes.filter((node) => node.name !== name && node.state === 'ACTIVE');
    if (others.length === 0) throw serverError('CLUSTER_LAST_NODE', `Nobody but ${name} takes partitions.`);
    this.set(name, { state: 'DRAINING' });
    this.owners = this.owners.map((row) =>
      row.node === name ? { ...row, target: others[row.pid % others.length]?.name } : row,
    );
  }

  async rebalance(): Promise<number> {
    const active = this.nodes.filter(({ state }) => state === 'ACTIVE');
    this.owners = this.owners.map((row) => {
      const target = active[row.pid % active.length]?.name;
      return row.node === target ? row : { ...row, target };
    });
    return this.owners.filter(({ target }) => target !== undefined).length;
  }

  /** Changes what is known of a node. */
  set(name: string, change: Partial<ClusterNodeStatus>): void {
    const at = this.nodes.findIndex((node) => node.name === name);
    this.nodes[at] = { ...(this.nodes[at] as ClusterNodeStatus), ...change };
  }

  /** At most so many partitions come to whom they are for. */
  move(count: number): void {
    this.mapVersion++;
    let left = count;
    this.owners = this.owners.map((row) => {
      if (row.target === undefined || left-- <= 0) return row;
      return { ...row, node: row.target, boot: `${row.target}-1`, epoch: row.epoch + 1, target: undefined };
    });
  }
}
