import type { ErrorCode } from '@topgun/protocol';
import type { GcMarks, Offset, StoredRecord } from '../../storage/Store.js';
import type { Op } from '../Op.js';
import type { OpForwarding } from './OpForwarding.js';

/** Where ops go whose partition is not taken in here: another node owns it, or it is being given away. */
export interface Elsewhere {
  /** Sends the op on, or holds it. Answers the code of a refusal that is not remembered. */
  take(op: Op, now: number): ErrorCode | undefined;
  /** Ops of these partitions are taken in here from now on, or again: what is held of them belongs to `ClusterSide.readmit`. */
  opened(pids: readonly number[]): void;
}

/** What one commit did to one partition (CLU-20). */
export interface FeedSlice {
  readonly pid: number;
  /** place before, and after */
  readonly from: Offset;
  readonly to: Offset;
  readonly records: readonly StoredRecord[];
  /** of transactions: maps in which they took the offset and changed nothing */
  readonly passed?: readonly string[];
  readonly gc?: GcMarks;
}

/** Facts of one commit: the whole of what has this revision. */
export interface FeedFacts {
  /** 0: it is not known; the database tells */
  readonly revision: number;
  readonly facts: readonly (readonly [name: string, value: unknown])[];
}

/** One commit, as other nodes hear of it. */
export interface Feed {
  readonly slices: readonly FeedSlice[];
  readonly facts?: FeedFacts;
}

/** What the engine of a node asks of its shell beside `ServerEffects`. */
export interface ClusterEffects {
  /** Tells all nodes that are linked. */
  feed(feed: Feed): void;
  /** Something is missing: `sharedState` is to be read, and what it shows to be missing. */
  look(): void;
  /** The database is to be asked, from now on, and what it has and this node does not is to be read: `ClusterSide.lookDone` answers. */
  lookFor(call: number): void;
  /** It is known what became of the node's own flushes up to this number, and others were told. */
  flushed?(flush: number): void;
  /** Sessions wait until everything is known that was committed before: `ClusterSide.known` answers. */
  ask(round: number): void;
}

export interface ClusterOptions {
  readonly effects: ClusterEffects;
  readonly elsewhere: Elsewhere;
  /** Sorts ops by their owners before any of them is taken in; mostly `elsewhere` itself. */
  readonly forwarding?: OpForwarding;
}
