import { deepEqual } from '@topgun/core';
import { ACK_LEVEL, LIMITS, OP, OUTCOME, QUERY_CHANGE, type ServerMessage } from '@topgun/protocol';
import type { Row } from '@topgun/server/internal/engine/Row';
import { answerOf } from './answerOf.js';
import type { KnownData } from './KnownData.js';
import { readPolicies } from './rights.js';
import { rowsOf, type ShownRow } from './rowsOf.js';
import type { AskedQuery, Viewer } from './Viewer.js';

/** PO-3: rows are shown as they stand and as they are seen; those of a query are what it asks for among what is seen. */
export function judgeRows(data: KnownData, viewer: Viewer, message: ServerMessage, leaks: string[]): void {
  const rows = rowsOf(message, viewer);
  for (const shown of rows) {
    if (!shown.isPresent || isAsSeen(data, viewer, message, shown)) continue;
    const { map, item, value } = shown;
    leaks.push(`PO-3: ${message.type} shows ${map}/${item} as nobody sees it here: ${JSON.stringify(value)}`);
  }
  if (message.type !== 'QUERY_RESP' && message.type !== 'QUERY_UPDATE') return;
  const asked = viewer.queries.get(message.query);
  if (asked === undefined) {
    leaks.push(`PO-3: ${message.type} answers the query ${message.query}, which nobody asked`);
    return;
  }
  if (message.type === 'QUERY_UPDATE') {
    const wanted = new Set(resultOf(data, viewer, asked).map(({ item }) => item));
    for (const [at, [change]] of message.changes.entries()) {
      const item = rows[at]?.item ?? '';
      if (change === QUERY_CHANGE.LEAVE || wanted.has(item)) continue;
      leaks.push(`PO-3: QUERY_UPDATE puts ${asked.map}/${item} into a result that it is not in`);
    }
    return;
  }
  if (message.root !== undefined) return;
  if (message.part === 0) asked.parts = [];
  asked.parts.push(...rows.map(({ item }) => item));
  if (!message.last) return;
  const wanted = resultOf(data, viewer, asked).map(({ item }) => item);
  const found = asked.parts;
  asked.parts = [];
  if (deepEqual([...found].sort(), wanted.sort())) return;
  leaks.push(
    `PO-3: the result of ${JSON.stringify(asked.spec)} on ${asked.map} is ${found.join()} and, of what is seen, ${wanted.join()}`,
  );
}

/** The rows of a query among those that are seen. */
export function resultOf(data: KnownData, viewer: Viewer, { map, spec }: AskedQuery): Row[] {
  const seen = [...data.rows(map)].flatMap((row) => {
    const value = viewer.seen(row);
    return value === undefined ? [] : [[row.item, value, row] as const];
  });
  const limit = Math.min(spec.limit ?? LIMITS.queryRows, LIMITS.queryRows);
  return answerOf({ ...spec, limit }, seen).map(([, , row]) => row);
}

function isAsSeen(data: KnownData, viewer: Viewer, { type }: ServerMessage, shown: ShownRow): boolean {
  const { map, item, value } = shown;
  if (map === undefined) return false;
  return data.inTurn(map, item).some((row) => {
    // Answers are made at the commit and leave at the end of the turn.
    const seen = type === 'OP_ACK' ? viewer.seenInTurn(row) : data.isStanding(row) ? [viewer.seen(row)] : [];
    return seen.some((as) => as !== undefined && deepEqual(row.kind === 'PN' ? row.value : as, value));
  });
}

/** PO-4: who may not see what a write met is not told that it met something (SRV-6). */
export function judgeAnswers(data: KnownData, viewer: Viewer, message: ServerMessage, leaks: string[]): void {
  // Earlier answers are about what is staged.
  if (message.type !== 'OP_ACK' || message.level !== ACK_LEVEL.PERSISTED) return;
  for (const [from, count, outcome] of message.spans) {
    if (outcome !== OUTCOME.SUPERSEDED && outcome !== OUTCOME.CHANGED) continue;
    for (let seq = from; seq < from + count; seq++) {
      const writes = viewer.ops.get(`${message.session}:${seq}`)?.writes ?? [];
      const isTold = writes.every(({ map, key, code }) => {
        if (code !== OP.PUT && code !== OP.REMOVE) return true;
        return data.inTurn(map, key).some((row) => isMet(viewer, row));
      });
      if (!isTold) leaks.push(`PO-4: op ${seq} was told of a row that is hidden: ${JSON.stringify(writes)}`);
    }
  }
}

/** A deletion has no value that a predicate could hide: who reads anything of the map may meet it. */
function isMet(viewer: Viewer, row: Row): boolean {
  if (row.value !== undefined) return viewer.seenInTurn(row).length > 0;
  return viewer.readersInTurn().some((reader) => readPolicies(reader, row.map).length > 0);
}
