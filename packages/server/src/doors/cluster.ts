import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import type { ClusterFault, ClusterNodeStatus, ClusterStatus, ClusterView } from '../cluster/ClusterView.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';
import { toldErrors } from './toldErrors.js';

/** A node in the answer of `GET /api/admin/cluster`. */
export interface ClusterNodeAnswer extends ClusterNodeStatus {
  /** partitions that it owns */
  readonly owned: number;
}

/** A partition in that answer, at the place of its number. */
export interface ClusterPartitionAnswer {
  readonly epoch: number;
  /** null: nobody owns it */
  readonly node: string | null;
  /** who is to get it next */
  readonly target?: string;
}

/** The answer of `GET /api/admin/cluster` (CLU-70). */
export interface ClusterAnswer extends Pick<ClusterStatus, 'isCluster' | 'coordinator' | 'mapVersion'> {
  /** name of the node that answers */
  readonly node: string;
  readonly nodes: readonly ClusterNodeAnswer[];
  /** 271, by number */
  readonly partitions: readonly ClusterPartitionAnswer[];
  /** how many have no owner */
  readonly unowned: number;
  /** how many are on their way to another owner */
  readonly moving: number;
  /** what is not as it should be; empty: all is well */
  readonly degraded: readonly ClusterFault[];
}

/** What probes and `topgun status` say of the cluster of a node. */
export interface ClusterFacts {
  readonly mapVersion: number;
  readonly nodes: number;
  /** partitions that this node owns */
  readonly owned: number;
  readonly unowned: number;
  /** ops of this node's clients for which no owner is found at the moment (CLU-31) */
  readonly waitingOps: number;
  /** what is not as it should be (CLU-60 to CLU-62); empty: all is well */
  readonly degraded: readonly ClusterFault[];
}

export function clusterFactsOf(view: ClusterView, waitingOps: number): ClusterFacts {
  const status = view.status();
  const { mapVersion, nodes, unowned, degraded } = describeCluster(status);
  const owned = ownedBy(status, status.self);
  return { mapVersion, nodes: nodes.length, owned, unowned, waitingOps, degraded };
}

const drainSchema = z.strictObject({ node: z.string().min(1) });

const statusByCode: Readonly<Record<string, number>> = {
  CLUSTER_NODE_UNKNOWN: 404,
  CLUSTER_LAST_NODE: 409,
  CLUSTER_OFF: 409,
};

/** `/api/admin/cluster`: who is there, who owns what, and the orders drain and rebalance, for the role ADMIN (CLU-70 to CLU-72). */
export function clusterRoutes(view: () => ClusterView): Route[] {
  const route = (method: Route['method'], path: string, answer: Route['answer']): Route => ({
    method,
    path,
    access: 'admin',
    answer: (request) => toldErrors(statusByCode, async () => answer(request)),
  });
  return [
    route('GET', '/api/admin/cluster', () => ({ status: 200, body: describeCluster(view().status()) })),
    route('POST', '/api/admin/cluster/drain', (request) => drain(view(), request)),
    route('POST', '/api/admin/cluster/rebalance', async () => ({
      status: 202,
      body: { moves: await view().rebalance() },
    })),
  ];
}

async function drain(view: ClusterView, request: HttpRequest): Promise<HttpAnswer> {
  const parsed = drainSchema.safeParse(await request.json(LIMITS.authBodyBytes));
  if (!parsed.success)
    throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: 'The body is not { node: name }.' });
  const { node } = parsed.data;
  await view.drain(node);
  return { status: 202, body: { node, owned: ownedBy(view.status(), node) } };
}

const ownedBy = ({ owners }: ClusterStatus, node: string): number =>
  owners.filter((owner) => owner.node === node).length;

/** What follows from a status is reckoned here, so that every view says it alike. */
export function describeCluster(status: ClusterStatus): ClusterAnswer {
  const { isCluster, coordinator, mapVersion, self, nodes, owners, faults } = status;
  const unowned = owners.filter(({ node }) => node === undefined).length;
  const isCut = nodes.some(({ isLinked, state }) => !isLinked && state !== 'JOINING');
  return {
    isCluster,
    node: self,
    coordinator,
    mapVersion,
    nodes: nodes.map((node) => ({ ...node, owned: ownedBy(status, node.name) })),
    partitions: owners.map(({ epoch, node = null, target }) => ({
      epoch,
      node,
      ...(target !== undefined && { target }),
    })),
    unowned,
    moving: owners.filter(({ target }) => target !== undefined).length,
    degraded: [
      ...faults,
      ...(isCut ? (['LINKS'] as const) : []),
      ...(unowned > 0 ? (['UNOWNED'] as const) : []),
    ],
  };
}
