import type { ErrorCode } from '@topgun/protocol';

/** What the engine counts for its operators. Numbers only ever grow. */
export class Tally {
  applied = 0;
  superseded = 0;
  duplicate = 0;
  topicMessages = 0;
  queryResults = 0;
  queryRowsExamined = 0;
  queryDeltas = 0;
  readonly refused = new Map<ErrorCode, number>();

  refuse(code: ErrorCode): void {
    this.refused.set(code, (this.refused.get(code) ?? 0) + 1);
  }
}
