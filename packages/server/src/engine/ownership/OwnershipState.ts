import type { ClusterMap } from '../../cluster/ports.js';
import type { Lease, OwnershipRequest } from './ports.js';

/**
 * OUT: no member, or not any more; joins again. JOINING, ACTIVE, DRAINING: a member, as the database has it (CLU-3). LEAVING: owns nothing
 * and takes its row away. LEFT: the end.
 */
export type Phase = 'OUT' | 'JOINING' | 'ACTIVE' | 'DRAINING' | 'LEAVING' | 'LEFT';

/** A partition that is the node's own. `isTaken`: it takes ops in for it. */
export interface Hold {
  readonly epoch: number;
  readonly isTaken: boolean;
}

/**
 * Partitions on their way to another node. RELEASING: ops that were let in are made durable. READY: they are to be given away. ASKED: the
 * database was told so. UNSURE: and did not answer, so they may be given away, now or later: nothing goes on before that is void.
 */
export interface Giving {
  readonly stage: 'RELEASING' | 'READY' | 'ASKED' | 'UNSURE';
  readonly call: number;
  readonly pids: readonly number[];
  readonly target: string;
  /** monotonic, ms */
  readonly sinceAt: number;
}

/** Something that was asked of the database and not answered yet. `isLate`: the answer may be of before something that is to be seen. */
export interface Asked {
  readonly call: number;
  readonly request: OwnershipRequest;
  readonly sentAt: number;
  readonly isLate: boolean;
}

/** All a node knows. Names that end in `At` are monotonic times in ms. What lies in it is replaced, never changed, but `holds`. */
export interface OwnershipState {
  phase: Phase;
  /** how often it has asked to join */
  joins: number;
  /** it holds every record and follows the others */
  isLoaded: boolean;
  wants: 'serve' | 'drain' | 'leave';
  /** a member believes itself alive until then (CLU-2) */
  aliveUntilAt: number;
  /** maps before it are of before the node joined, or gave something away: what they say of it is over */
  sinceVersion: number;
  map: ClusterMap;
  leases: readonly Lease[];
  coordinator: string | undefined;
  leads: boolean;
  /** when the database last answered; -Infinity: never */
  heardAt: number;
  /** nobody is taken for dead before (CLU-5) */
  graceUntilAt: number;
  pulse: Asked | undefined;
  pulseAt: number;
  /** nothing is decided about the map before it has been read anew */
  isStale: boolean;
  work: Asked | undefined;
  workAt: number;
  holds: Map<number, Hold>;
  giving: Giving | undefined;
  /** no hand-over before */
  giveAt: number;
  isDrained: boolean;
  calls: number;
}

export const EMPTY_MAP: ClusterMap = { version: 0, nodes: [], owners: [] };

export function firstState(): OwnershipState {
  return {
    phase: 'OUT',
    joins: 0,
    isLoaded: false,
    wants: 'serve',
    aliveUntilAt: 0,
    sinceVersion: 0,
    map: EMPTY_MAP,
    leases: [],
    coordinator: undefined,
    leads: false,
    heardAt: Number.NEGATIVE_INFINITY,
    graceUntilAt: 0,
    pulse: undefined,
    pulseAt: 0,
    isStale: true,
    work: undefined,
    workAt: 0,
    holds: new Map(),
    giving: undefined,
    giveAt: 0,
    isDrained: false,
    calls: 0,
  };
}

/** Another one that goes its own way: for whoever looks at several futures of one state. */
export const forkState = (state: OwnershipState): OwnershipState => ({
  ...state,
  holds: new Map(state.holds),
});
