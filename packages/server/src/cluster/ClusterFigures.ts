import type { ForwardingCounts } from '../engine/cluster/ForwardingCounts.js';
import type { NodeInfo } from './ports.js';

/** What a node has done about its membership since its start; all of them only rise. */
export class MembershipCounts {
  /** times that it became a member: 1, and one more after each fence */
  joins = 0;
  fences = 0;
  /** nodes that were dead and that it took over from, as the coordinator */
  takeOvers = 0;
  /** partitions that it gave to another node in order */
  handedOver = 0;
}

/** What metrics tell of a server that is a node of a cluster; plain data of one moment. */
export interface ClusterFigures {
  readonly membership: MembershipCounts;
  readonly mapVersion: number;
  /** since the renewal was sent that was granted last, ms; undefined: it is no member at the moment */
  readonly leaseAgeMs: number | undefined;
  /** by state */
  readonly nodes: Readonly<Record<NodeInfo['state'], number>>;
  readonly owned: number;
  readonly moving: number;
  readonly unowned: number;
  readonly forwarding: Pick<ForwardingCounts, keyof ForwardingCounts> & {
    /** ops without an answer, those of them that were sent to nobody, and bytes of all */
    readonly unanswered: number;
    readonly waiting: number;
    readonly bytes: number;
    /** answers that wait for this node to have followed */
    readonly heldAnswers: number;
    /** clients of other nodes that write here */
    readonly guests: number;
    /** frames between two other nodes */
    readonly handedOn: number;
  };
  readonly following: {
    readonly isBehind: boolean;
    readonly gaps: number;
    readonly fromLinks: number;
    readonly fromDatabase: number;
    /** times that the database was asked how far it is */
    readonly looks: number;
  };
}
