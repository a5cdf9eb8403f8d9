import type { Ownership } from '../engine/ownership/Ownership.js';
import type { Phase } from '../engine/ownership/OwnershipState.js';
import type { NodeInfo } from './ports.js';

/** A node and how it does, as this one knows it. */
export interface NodeStatus extends NodeInfo {
  /** of its lease when this node last heard of it, ms; 0: it has run out; undefined: not heard of yet */
  readonly leaseLeftMs: number | undefined;
  /** partitions that are its own */
  readonly owned: number;
}

/** What metrics, probes and operators are shown; plain data. */
export interface ClusterStatus {
  readonly node: string;
  readonly boot: string;
  /** OUT: no member at the moment */
  readonly state: Phase;
  /** how long the node believes itself alive if it hears nothing more, ms; 0: it does not */
  readonly aliveForMs: number;
  readonly coordinator: string | undefined;
  readonly isCoordinator: boolean;
  readonly mapVersion: number;
  /** partitions for which this node takes ops in */
  readonly owned: number;
  /** partitions of all nodes that are on their way to another */
  readonly moving: number;
  /** partitions that nobody owns, or a node that is gone */
  readonly unowned: number;
  /** by slot */
  readonly nodes: readonly NodeStatus[];
}

export function statusOf(machine: Ownership, node: string, boot: string, now: number): ClusterStatus {
  const { phase, map, leases, holds, leads, coordinator, aliveUntilAt } = machine.state;
  const left = new Map(leases.map(({ name, leftMs }) => [name, Math.max(0, Math.round(leftMs))]));
  const owned = new Map<string | undefined, number>();
  for (const { node } of map.owners) owned.set(node, (owned.get(node) ?? 0) + 1);
  return {
    node,
    boot,
    state: phase,
    aliveForMs: machine.isMember ? Math.max(0, Math.round(aliveUntilAt - now)) : 0,
    coordinator,
    isCoordinator: leads,
    mapVersion: map.version,
    owned: [...holds.values()].filter(({ isTaken }) => isTaken).length,
    moving: map.owners.filter(({ target }) => target !== undefined).length,
    unowned: map.owners.filter((owner) => owner.node === undefined || left.get(owner.node) === 0).length,
    nodes: map.nodes.map((info) => ({
      ...info,
      leaseLeftMs: left.get(info.name),
      owned: owned.get(info.name) ?? 0,
    })),
  };
}
