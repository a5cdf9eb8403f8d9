import { LIMITS } from '@topgun/protocol';
import type { Operation } from '../../debug/Operation.js';
import type { OperationLog } from '../../debug/OperationLog.js';
import { wholeIn } from '../export.js';
import type { HttpAnswer } from '../Route.js';
import { formatIn, listAnswer } from './lists.js';

/** Which operations are meant, and which of them the asker may hear of (DBG-2). */
export interface OperationQuestion {
  readonly query: URLSearchParams;
  readonly mayHear: (map: string) => boolean;
}

const BUCKET_MS = 60_000;

/** `/operations` and, with `onlyConflicts`, `/conflicts` (DBG-5). */
export function operationsAnswer(
  log: OperationLog,
  { query, mayHear }: OperationQuestion,
  onlyConflicts: boolean,
): HttpAnswer {
  const after = wholeIn('after', query.get('after') ?? '0', 0, Number.MAX_SAFE_INTEGER);
  const limit = wholeIn('limit', query.get('limit') ?? String(LIMITS.debugPage), 1, LIMITS.debugPage);
  const isMeant = meant(query, mayHear);
  const found: Operation[] = [];
  let next = log.last;
  for (const operation of log.after(after)) {
    if (!isMeant(operation) || (onlyConflicts && operation.conflict === undefined)) continue;
    found.push(operation);
    if (found.length < limit) continue;
    next = operation.seq;
    break;
  }
  const name = onlyConflicts ? 'conflicts' : 'operations';
  const rest = { missed: log.missedAfter(after) };
  return listAnswer(name, found, String(next), formatIn(query.get('format')), rest);
}

/** `/timeline`: operations by outcome in buckets of time; empty ones are left out (DBG-5). */
export function timelineAnswer(log: OperationLog, { query, mayHear }: OperationQuestion): HttpAnswer {
  const bucketMs = wholeIn('bucketMs', query.get('bucketMs') ?? String(BUCKET_MS), 1, 86_400_000);
  const from = wholeIn('from', query.get('from') ?? '0', 0, Number.MAX_SAFE_INTEGER);
  const to = wholeIn('to', query.get('to') ?? String(Number.MAX_SAFE_INTEGER), 0, Number.MAX_SAFE_INTEGER);
  const isMeant = meant(query, mayHear);
  const buckets = new Map<number, Counts>();
  for (const operation of log.after(0)) {
    const { atMs } = operation;
    if (atMs < from || atMs > to || !isMeant(operation)) continue;
    const bucket = Math.floor(atMs / bucketMs) * bucketMs;
    const counts = buckets.get(bucket) ?? noCounts();
    count(counts, operation);
    buckets.set(bucket, counts);
  }
  const rows = [...buckets].sort(([a], [b]) => a - b).map(([atMs, counts]) => ({ atMs, ...counts }));
  return listAnswer('buckets', rows, undefined, formatIn(query.get('format')), { bucketMs });
}

/** Operations by outcome, and how many of them are conflicts. */
export interface Counts {
  applied: number;
  superseded: number;
  changed: number;
  rejected: number;
  conflicts: number;
}

export const noCounts = (): Counts => ({ applied: 0, superseded: 0, changed: 0, rejected: 0, conflicts: 0 });

export function count(counts: Counts, { outcome, conflict }: Operation): void {
  counts[outcome]++;
  if (conflict !== undefined) counts.conflicts++;
}

function meant(query: URLSearchParams, mayHear: (map: string) => boolean): (operation: Operation) => boolean {
  const [map, key] = [query.get('map'), query.get('key')];
  return (operation) =>
    (map === null || operation.map === map) &&
    (key === null || operation.key === key) &&
    mayHear(operation.map);
}
