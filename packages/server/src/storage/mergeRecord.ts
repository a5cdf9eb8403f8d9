import { compareStamps, compareVersions } from '@topgun/core';
import type { DedupEntry, DedupState, StoredRecord } from './Store.js';
import { compareOffsets } from './Store.js';

/**
 * The one place where a stored row meets an incoming one. Every store merges through here, so that they all end in the
 * same state whatever the order, the doubling or the batching of commits.
 *
 * LWW: the later repair (CLK-7), then the greater version (CLK-1). OR: a removed tag stays removed; otherwise as LWW, although a tag is never written
 * anew. PN: the greater of each total. On equal content the later offset is kept: an expiry materialised under the same
 * stamp (CLK-6) and a change sent twice both end at their last place in the change order.
 */
export function mergeRecord(stored: StoredRecord | undefined, incoming: StoredRecord): StoredRecord {
  if (stored === undefined) return incoming;
  if (stored.kind !== incoming.kind) return stored.kind < incoming.kind ? incoming : stored;
  switch (incoming.kind) {
    case 'LWW':
      return later(stored, incoming, compareRepairs(stored, incoming) || compareVersions(stored, incoming));
    case 'OR':
      return later(stored, incoming, removedFirst(stored, incoming) || compareVersions(stored, incoming));
    case 'PN':
      return mergeTotals(stored, incoming);
  }
}

/** Negative when `b` descends from a later repair of the item: then no stamp decides. */
export function compareRepairs(
  a: { readonly repaired?: number | undefined },
  b: { readonly repaired?: number | undefined },
): number {
  return (a.repaired ?? 0) - (b.repaired ?? 0);
}

function removedFirst(stored: StoredRecord, incoming: StoredRecord): number {
  return Number(stored.value === undefined) - Number(incoming.value === undefined);
}

function later(stored: StoredRecord, incoming: StoredRecord, order: number): StoredRecord {
  // Two deletions of one stamp are one version to the clock rules whatever time to live stands beside them.
  const byOrder = order || compareOffsets(stored, incoming) || (stored.ttlMs ?? 0) - (incoming.ttlMs ?? 0);
  return byOrder < 0 ? incoming : stored;
}

/** Both totals only ever grow, so the greater of each is the state after all increments seen by either side. */
function mergeTotals(stored: StoredRecord, incoming: StoredRecord): StoredRecord {
  const [storedPlus, storedMinus] = totalsOf(stored);
  const [plus, minus] = totalsOf(incoming);
  const last = later(stored, incoming, compareOffsets(stored, incoming) || compareBeside(stored, incoming));
  const totals = [Math.max(storedPlus, plus), Math.max(storedMinus, minus)] as const;
  const [lastPlus, lastMinus] = totalsOf(last);
  return lastPlus === totals[0] && lastMinus === totals[1] ? last : { ...last, value: totals };
}

/** Orders counter records by all but their totals, so that what stands beside the totals has one winner too. */
function compareBeside(a: StoredRecord, b: StoredRecord): number {
  return compareStamps(a.t, a.node, b.t, b.node) || (a.ttlMs ?? 0) - (b.ttlMs ?? 0);
}

function totalsOf(record: StoredRecord): readonly [number, number] {
  // Written by the engine only, which checks the totals (COUNTER_INVALID) before they are staged.
  return record.value as readonly [number, number];
}

/**
 * Takes the entries of a commit into those held. An entry that is there stays: a seq gets one outcome for life, and
 * replaying a commit changes nothing. Entries below the highest settledBelow go.
 */
export function mergeDedup(held: DedupState | undefined, row: DedupState): DedupState {
  const settledBelow = Math.max(held?.settledBelow ?? 0, row.settledBelow);
  const entries = (held?.entries ?? []).filter(({ seq }) => seq >= settledBelow);
  for (const entry of row.entries) {
    if (entry.seq < settledBelow) continue;
    const at = placeOf(entries, entry.seq);
    if (entries[at]?.seq !== entry.seq) entries.splice(at, 0, entry);
  }
  return { settledBelow, entries };
}

/** Where a seq is among entries of rising seq, or would have to go: mostly at the end. */
function placeOf(entries: readonly DedupEntry[], seq: number): number {
  let from = 0;
  let to = entries.length;
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((entries[middle] as DedupEntry).seq < seq) from = middle + 1;
    else to = middle;
  }
  return from;
}
