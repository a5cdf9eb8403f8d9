import type { ClusterMap } from '../../cluster/ports.js';

/** Bounds of membership, times in ms. They are the same for all nodes of a cluster. */
export interface OwnershipBounds {
  /** a lease, in the time of the database */
  readonly leaseMs: number;
  /** between two renewals */
  readonly heartbeatMs: number;
  /** after which a node fences itself, from the sending of the last renewal that was granted */
  readonly fenceMs: number;
  /** after which a hand-over is off */
  readonly handOverMs: number;
  /** before what has failed is tried again */
  readonly retryMs: number;
  /** partitions handed over at once */
  readonly handOvers: number;
}

/** What a coordinator wants changed: an owner for what has none, a target for what has one; no target any more where it is undefined. */
export interface MapChange {
  readonly pid: number;
  readonly node?: string;
  readonly target?: string | undefined;
}

export interface HandOver {
  readonly type: 'handOver';
  readonly pids: readonly number[];
  /** at which the node owns each of them */
  readonly epochs: readonly number[];
  /** the node itself: what was said of them before is void */
  readonly target: string;
}

/** What is asked of the database: each is one transaction, which may be carried out late, or whose answer may be lost. */
export type OwnershipRequest =
  /** as ACTIVE, it goes on with what it owned, at higher epochs; `number`: of all joins of this start, the later the higher */
  | { readonly type: 'join'; readonly number: number; readonly state: 'JOINING' | 'ACTIVE' }
  | { readonly type: 'renew'; readonly known: number }
  | { readonly type: 'state'; readonly state: 'ACTIVE' | 'DRAINING' }
  | { readonly type: 'propose'; readonly version: number; readonly changes: readonly MapChange[] }
  | HandOver
  | {
      readonly type: 'takeOver';
      readonly node: string;
      readonly boot: string;
      readonly changes: readonly MapChange[];
    }
  | { readonly type: 'leave' };

/** A lease as the database sees it. */
export interface Lease {
  readonly name: string;
  readonly boot: string;
  /** none when it has run out */
  readonly leftMs: number;
}

export type JoinReply =
  /** the number of the node's fence from now on, and the map that has it as a member */
  | { readonly fence: number; readonly version: number }
  | { readonly refused: 'NODE_NAME_TAKEN' | 'CLUSTER_FULL' };

/** `gone`: no lease of this boot lives. */
export type RenewReply =
  | {
      readonly leads: boolean;
      readonly coordinator: string | undefined;
      readonly leases: readonly Lease[];
      readonly version: number;
      /** when it is another one than the node knows */
      readonly map: ClusterMap | undefined;
    }
  | 'gone';

/** What the database answers. */
export interface Replies {
  /** undefined: one of a higher number has come about before */
  readonly join: JoinReply | undefined;
  readonly renew: RenewReply;
  /** whether it is in that state now */
  readonly state: boolean;
  /** whether it is done: the map was as expected */
  readonly propose: boolean;
  /** which of them it owned until that version of the map; undefined: the target is not heard of, nothing was done */
  readonly handOver: { readonly version: number; readonly given: readonly number[] } | undefined;
  /** whether the node was dead */
  readonly takeOver: boolean;
  readonly leave: boolean;
}

export type OwnershipReply = {
  readonly [T in keyof Replies]: { readonly type: T; readonly reply: Replies[T] };
}[keyof Replies];

export interface Grant {
  readonly pid: number;
  readonly epoch: number;
}

/** What the machine asks of its shell. None calls back before it has returned; what they bring about are later inputs. */
export interface OwnershipEffects {
  /**
   * Asks the database; answered by `answered` once, without a reply when it is not known whether it was done. `line`: renewals have one of
   * their own, on which nothing waits.
   */
  ask(call: number, line: 'pulse' | 'work', request: OwnershipRequest): void;
  /** Wants a `tick` at this monotonic time, ms, in place of the one it wanted before. */
  arm(at: number): void;
  /** A member from now on, owning nothing yet: commits show this number of the fence. */
  joined(fence: number): void;
  /** It cannot become a member; it goes on trying unless it is told to leave. */
  refused(code: 'NODE_NAME_TAKEN' | 'CLUSTER_FULL'): void;
  /** It owns nothing from now on; staged ops are void (CLU-2). */
  fenced(): void;
  /** These are its own; answered by `owned` when it takes ops in for them. */
  own(grants: readonly Grant[]): void;
  /** No new ops for these; answered by `released` when nothing of theirs is staged or being flushed. */
  release(call: number, pids: readonly number[]): void;
  /** They go on as before. */
  resume(pids: readonly number[]): void;
  /** They are somebody else's. */
  lost(pids: readonly number[]): void;
  mapChanged(map: ClusterMap): void;
  /** After `drain`, once: it owns nothing any more, or nobody is there to take it. */
  drained(): void;
  /** After `leave`, once: it is no member any more. */
  left(): void;
}
