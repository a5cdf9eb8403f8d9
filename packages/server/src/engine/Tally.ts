import type { ErrorCode } from '@topgun/protocol';
import { LimitCounts } from '../limits/LimitCounts.js';
import type { SyncKind } from './ports.js';

/** What the engine counts for its operators. Numbers only ever grow. */
export class Tally extends LimitCounts {
  applied = 0;
  superseded = 0;
  duplicate = 0;
  topicMessages = 0;
  /** messages that a subscriber did not get because it was behind */
  topicDrops = 0;
  queryResults = 0;
  queryRowsExamined = 0;
  queryDeltas = 0;
  readonly refused = new Map<ErrorCode, number>();
  readonly syncs: Record<SyncKind, number> = { equal: 0, cursor: 0, digest: 0, merkle: 0, snapshot: 0 };

  refuse(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}
