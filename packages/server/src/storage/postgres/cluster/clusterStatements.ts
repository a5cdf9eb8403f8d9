import { LIMITS } from '@topgun/protocol';
import type { ClusterMap, NodeInfo } from '../../../cluster/ports.js';
import type {
  JoinReply,
  OwnershipBounds,
  OwnershipReply,
  OwnershipRequest,
  RenewReply,
} from '../../../engine/ownership/ports.js';

/** Who asks: what the others are to know of a node, but for what the database decides. */
export type Self = Omit<NodeInfo, 'slot' | 'state'>;

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Each request is one call of one function, whose result has the name `reply` (migrations 2 and 5). */
export function statementOf(request: OwnershipRequest, self: Self, bounds: OwnershipBounds): Statement {
  const { name, boot, address, publicUrl, protocol } = self;
  switch (request.type) {
    case 'join':
      return call('join_cluster', [
        name,
        boot,
        request.number,
        address,
        publicUrl,
        protocol,
        request.state,
        bounds.leaseMs,
        LIMITS.clusterNodes,
      ]);
    case 'renew':
      return call('renew_lease', [name, boot, bounds.leaseMs, request.known]);
    case 'state':
      return call('set_node_state', [name, boot, request.state]);
    case 'propose': {
      const { version, changes } = request;
      const targets = changes.map(({ target }) => target);
      return call('propose_map', [
        version,
        changes.map(({ pid }) => pid),
        changes.map(({ node }) => node),
        targets,
      ]);
    }
    case 'handOver': {
      const { pids, epochs, target } = request;
      return call('hand_over', [name, boot, pids, epochs, target, bounds.leaseMs, bounds.handOverMs]);
    }
    case 'takeOver': {
      const { node, changes } = request;
      return call('take_over', [
        node,
        request.boot,
        `${name} ${boot}`,
        changes.map(({ pid }) => pid),
        changes.map((change) => change.node),
      ]);
    }
    case 'leave':
      return call('leave_cluster', [name, boot]);
  }
}

/** `reply` is what the function of the request has answered. */
export function replyOf({ type }: OwnershipRequest, reply: unknown): OwnershipReply {
  switch (type) {
    case 'join':
      // As `join_cluster` builds it.
      return { type, reply: (reply as JoinReply | null) ?? undefined };
    case 'renew':
      return { type, reply: reply === null ? 'gone' : renewed(reply as RenewedRow) };
    case 'handOver':
      // As `hand_over` builds it.
      return { type, reply: (reply as { version: number; given: number[] } | null) ?? undefined };
    case 'propose':
    case 'takeOver':
      return { type, reply: reply !== null };
    case 'state':
    case 'leave':
      return { type, reply: reply === true };
  }
}

/** What `renew_lease` builds. */
interface RenewedRow {
  readonly leads: boolean;
  readonly coordinator: string | null;
  readonly leases: readonly (readonly [name: string, boot: string, leftMs: number])[];
  readonly version: number;
  readonly map: MapRow | null;
}

/** What `cluster_map` builds. */
interface MapRow {
  readonly version: number;
  readonly nodes: readonly (Omit<NodeInfo, 'publicUrl'> & { readonly publicUrl: string | null })[];
  readonly owners: readonly (readonly [
    pid: number,
    epoch: number,
    node: string | null,
    boot: string | null,
    target: string | null,
  ])[];
}

function renewed({ leads, coordinator, leases, version, map }: RenewedRow): RenewReply {
  return {
    leads,
    coordinator: coordinator ?? undefined,
    leases: leases.map(([name, boot, leftMs]) => ({ name, boot, leftMs })),
    version,
    map: map === null ? undefined : mapOf(map),
  };
}

function mapOf({ version, nodes, owners }: MapRow): ClusterMap {
  return {
    version,
    nodes: nodes.map(({ publicUrl, ...node }) => ({ ...node, ...(publicUrl !== null && { publicUrl }) })),
    owners: owners.map(([pid, epoch, node, boot, target]) => ({
      pid,
      epoch,
      node: node ?? undefined,
      boot: boot ?? undefined,
      target: target ?? undefined,
    })),
  };
}

/** An operator's order, whoever's node it is: as the node itself says that it drains. */
export const drainStatement = (node: string, boot: string): Statement =>
  call('set_node_state', [node, boot, 'DRAINING']);

function call(name: string, values: readonly unknown[]): Statement {
  return { text: `select ${name}(${values.map((_, i) => `$${i + 1}`).join(', ')}) as reply`, values };
}
