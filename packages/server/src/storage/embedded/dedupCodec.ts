import type { PartitionState } from '../PartitionState.js';
import type { DedupEntry, DedupRow } from '../Store.js';
import type { ByteReader } from './ByteReader.js';
import type { ByteWriter } from './ByteWriter.js';
import type { Strings, StringTable } from './StringTable.js';

/**
 * The bytes of one dedup row in a chunk:
 *
 *   client, session, settledBelow, count of entries, entries
 *   entry       head, seq, t, n, fingerprint, then by head: node, epoch, code, concern, reason
 *
 * The head is the outcome, and what follows. A node stands only where it is not the session, an epoch only where it is
 * not that of the slice's high.
 */
const OUTCOME_MASK = 3;
const OTHER_NODE = 4;
const OTHER_EPOCH = 8;
const HAS_CODE = 16;
const HAS_CONCERN = 32;
const HAS_REASON = 64;

export function writeDedup(writer: ByteWriter, strings: StringTable, row: DedupRow, highEpoch: number): void {
  writer.uint(strings.indexOf(row.clientId));
  writer.uint(strings.indexOf(row.session));
  writer.uint(row.settledBelow);
  writer.uint(row.entries.length);
  for (const { seq, outcome, t, n, fingerprint, node, epoch, code, concern, reason } of row.entries) {
    writer.byte(
      outcome |
        (node === row.session ? 0 : OTHER_NODE) |
        (epoch === highEpoch ? 0 : OTHER_EPOCH) |
        (code === undefined ? 0 : HAS_CODE) |
        (concern === undefined ? 0 : HAS_CONCERN) |
        (reason === undefined ? 0 : HAS_REASON),
    );
    writer.uint(seq);
    writer.float(t);
    writer.uint(n);
    writer.float(fingerprint);
    if (node !== row.session) writer.uint(strings.indexOf(node));
    if (epoch !== highEpoch) writer.uint(epoch);
    if (code !== undefined) writer.uint(strings.indexOf(code));
    if (concern !== undefined) writer.uint(concern);
    if (reason !== undefined) writer.text(reason);
  }
}

export function readDedup(reader: ByteReader, strings: Strings, highEpoch: number): DedupRow {
  const clientId = strings.at(reader.uint());
  const session = strings.at(reader.uint());
  const settledBelow = reader.uint();
  return { clientId, session, settledBelow, entries: readEntries(reader, strings, session, highEpoch, 0) };
}

/** Merges a row into a state that holds later ones, and makes no entry that these have settled. */
export function absorbEarlierDedup(
  reader: ByteReader,
  strings: Strings,
  highEpoch: number,
  state: PartitionState,
): void {
  const client = reader.uint();
  const session = reader.uint();
  const id = strings.dedupIdAt(client, session);
  const held = state.dedup.get(id);
  const settledBelow = Math.max(reader.uint(), held?.settledBelow ?? 0);
  const entries = readEntries(reader, strings, strings.at(session), highEpoch, settledBelow);
  if (held !== undefined && entries.length === 0 && held.settledBelow === settledBelow) return;
  state.absorbEarlierDedup(
    { clientId: strings.at(client), session: strings.at(session), settledBelow, entries },
    id,
  );
}

/** The entries from `settledBelow` on; the others are passed over. */
function readEntries(
  reader: ByteReader,
  strings: Strings,
  session: string,
  highEpoch: number,
  settledBelow: number,
): DedupEntry[] {
  const entries: DedupEntry[] = [];
  for (let left = reader.uint(); left > 0; left--) {
    const head = reader.byte();
    const seq = reader.uint();
    const t = reader.float();
    const n = reader.uint();
    const fingerprint = reader.float();
    const node = head & OTHER_NODE ? strings.at(reader.uint()) : session;
    const epoch = head & OTHER_EPOCH ? reader.uint() : highEpoch;
    const code = head & HAS_CODE ? strings.at(reader.uint()) : undefined;
    const concern = head & HAS_CONCERN ? reader.uint() : undefined;
    const reason = head & HAS_REASON ? reader.text() : undefined;
    if (seq < settledBelow) continue;
    // Two bits hold the four outcomes.
    const outcome = (head & OUTCOME_MASK) as DedupEntry['outcome'];
    const entry: { -readonly [K in keyof DedupEntry]: DedupEntry[K] } = {
      seq,
      outcome,
      t,
      n,
      fingerprint,
      node,
      epoch,
    };
    if (code !== undefined) entry.code = code;
    if (concern !== undefined) entry.concern = concern;
    if (reason !== undefined) entry.reason = reason;
    entries.push(entry);
  }
  return entries;
}
