import { PARTITION_COUNT, PROTOCOL_VERSION } from '@topgun/protocol';
import { serverError } from '../errors.js';
import type { NodeInfo, OwnerRow } from './ports.js';

/** Things that are not as they should be, as the asked node sees it. */
export const CLUSTER_FAULTS = [
  /** the database does not answer (CLU-60) */
  'DATABASE',
  /** this node's lease may have run out: it owns nothing (CLU-2) */
  'FENCED',
  /** topics do not reach the other nodes (CLU-62) */
  'REDIS',
  /** there is no link to a node that lives (CLU-22) */
  'LINKS',
  /** partitions have no owner: their ops wait (CLU-31) */
  'UNOWNED',
] as const;

export type ClusterFault = (typeof CLUSTER_FAULTS)[number];

/** A node as an operator is shown it. */
export interface ClusterNodeStatus extends NodeInfo {
  /** since its lease was renewed, by the clock of the database; undefined where that was not asked yet, or nothing is leased */
  readonly leaseAgeMs?: number | undefined;
  /** linked to the node that answers; that one is linked to itself */
  readonly isLinked: boolean;
}

/** What one node knows of its cluster. */
export interface ClusterStatus {
  /** false: this server is alone, and owns everything */
  readonly isCluster: boolean;
  /** name of the node that answers */
  readonly self: string;
  /** who proposes owners; undefined while nobody does, and where nobody has to */
  readonly coordinator: string | undefined;
  /** of the map of owners */
  readonly mapVersion: number;
  readonly nodes: readonly ClusterNodeStatus[];
  /** 271, by pid */
  readonly owners: readonly OwnerRow[];
  /** what does not follow from the rest: DATABASE, FENCED, REDIS */
  readonly faults: readonly ClusterFault[];
}

/** The cluster to its operators: looked at, and moved. */
export interface ClusterView {
  /** What this node knows now; nobody is asked for it. */
  status(): ClusterStatus;
  /**
   * Has a node give its partitions away, as before a stop (CLU-3). Resolves when that is written down; `status` tells how far it is. Again for one
   * that drains changes nothing. Throws CLUSTER_NODE_UNKNOWN, CLUSTER_LAST_NODE, CLUSTER_OFF, and what the database refuses with.
   */
  drain(node: string): Promise<void>;
  /**
   * Has the coordinator look again whether partitions lie evenly (CLU-11). Resolves with how many are to move, as this node reckons. Throws
   * CLUSTER_OFF, and what the database refuses with.
   */
  rebalance(): Promise<number>;
}

/** A server that is alone: one node that owns everything. */
export class LoneView implements ClusterView {
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
  }

  status(): ClusterStatus {
    const name = this.#name;
    const owner = { epoch: 0, node: name, boot: undefined, target: undefined };
    return {
      isCluster: false,
      self: name,
      coordinator: undefined,
      mapVersion: 0,
      nodes: [
        { name, boot: '', slot: 0, address: '', state: 'ACTIVE', protocol: PROTOCOL_VERSION, isLinked: true },
      ],
      owners: Array.from({ length: PARTITION_COUNT }, (_, pid) => ({ pid, ...owner })),
      faults: [],
    };
  }

  async drain(): Promise<void> {
    throw this.#alone();
  }

  async rebalance(): Promise<number> {
    throw this.#alone();
  }

  #alone(): Error {
    return serverError('CLUSTER_OFF', `The server ${this.#name} is no node of a cluster.`);
  }
}
