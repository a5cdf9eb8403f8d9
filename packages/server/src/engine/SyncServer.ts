import {
  type BulkRow,
  type ErrorCode,
  type MerkleReqMessage,
  packHashes,
  type RowsReqMessage,
  type SyncInitMessage,
  shortHash,
  unpackHashes,
} from '@topgun/protocol';
import { BulkWriter } from './BulkWriter.js';
import type { Connection } from './Connection.js';
import type { EngineLimits } from './EngineLimits.js';
import { type ErrorDetails, errorMessage } from './errorMessage.js';
import { FrameBudget } from './FrameBudget.js';
import { MerkleAnswer, PATH_DIGITS_MAX, rootsOf } from './MerkleAnswer.js';
import type { ServerEffects, SyncKind } from './ports.js';
import type { Queries } from './Queries.js';
import type { Resume } from './Resume.js';
import type { Scopes } from './Scopes.js';
import type { Shown } from './Shown.js';
import { bytesOfRow } from './sizeOf.js';
import type { Tally } from './Tally.js';
import type { TokenBucket } from './TokenBucket.js';

/** Bytes in a frame that an item without a row is counted as, so that looking for them has an end. */
const MISSING_BYTES = 16;

export interface SyncServerParts {
  readonly effects: ServerEffects;
  readonly scopes: Scopes;
  readonly queries: Queries;
  readonly scans: TokenBucket;
  readonly resume: Resume;
  readonly limits: EngineLimits;
  readonly tally: Tally;
}

/** What a walk is over: a map, or one query of the connection. */
type Asked = Pick<MerkleReqMessage, 'req' | 'map' | 'query'>;

/**
 * Opens whole-map scopes, by cursor where there is a good one, and answers the Merkle walk, over maps and queries alike (RES-3,
 * RES-4, RES-5). Every answer stands at the place its group has reached, shows committed rows through the member's view only, and fills one frame;
 * what does not fit is asked for again.
 */
export class SyncServer {
  readonly #effects: ServerEffects;
  readonly #scopes: Scopes;
  readonly #queries: Queries;
  readonly #scans: TokenBucket;
  readonly #resume: Resume;
  readonly #limits: EngineLimits;
  readonly #tally: Tally;

  constructor({ effects, scopes, queries, scans, resume, limits, tally }: SyncServerParts) {
    this.#effects = effects;
    this.#scopes = scopes;
    this.#queries = queries;
    this.#scans = scans;
    this.#resume = resume;
    this.#limits = limits;
    this.#tally = tally;
  }

  init(conn: Connection, message: SyncInitMessage, isFinal = false): void {
    const { req, map, kind, root } = message;
    const resumed = this.#catchUp(conn, message, isFinal);
    if (resumed === 'ahead') {
      // Another node has told the device more than this one knows yet (CLU-24).
      this.#resume.nodes?.afterLook(() => conn.phase === 'READY' && this.init(conn, message, true));
      return;
    }
    if (resumed === 'more') return;
    const retryAfterMs = this.#scans.take(this.#scopes.rowsToScan(conn, map), conn.seenAtMs);
    if (retryAfterMs > 0) {
      this.#refuse(conn, 'UNAVAILABLE', { req, ref: map, retryAfterMs });
      return;
    }
    const group = this.#scopes.join(conn, map);
    if (group === undefined) {
      this.#refuse(conn, 'DENIED', { req, ref: map });
      return;
    }
    const { resolver, lane } = group.map;
    // A resolver judges maps of one value per key.
    const known = group.map.kind ?? (resolver && 'LWW');
    if (known !== undefined && known !== kind) {
      this.#scopes.leave(conn, map);
      this.#refuse(conn, 'WRONG_KIND', { req, ref: map });
      return;
    }
    const tree = group.tree.read();
    const own = tree.rootHash();
    this.#tally.syncs[kindOf(resumed === 'all', root, own)]++;
    this.#effects.send(conn.id, {
      type: 'SYNC_ROOT',
      req,
      map,
      root: own,
      ...this.#scopes.placeOf(group),
      ...(own !== root && resumed !== 'all' && { parts: packHashes(rootsOf(tree)) }),
      ...(resolver && { resolver: true }),
      ...(lane.isVolatile && { volatile: true }),
    });
  }

  /**
   * Sends what changed since the cursor, before the scope is joined: nothing can change in between. What does not fit into
   * one frame ends with the cursor to go on with.
   */
  #catchUp(
    conn: Connection,
    { req, map, kind, root, cursor }: SyncInitMessage,
    isFinal: boolean,
  ): 'all' | 'more' | 'none' | 'ahead' {
    const known = this.#scopes.wholeMap(conn, map);
    if (known === undefined || known.kind !== kind) return 'none';
    const start = this.#resume.startOf(known, cursor, isFinal);
    if (start === undefined) return 'none';
    if (start === 'ahead') return start;
    if (known.tree.read().rootHash() === root) return 'all';
    const { rows, tables, isAll, next } = this.#resume.page(known, start);
    // A cursor to go on with that cannot be made: the walk does it.
    if (!isAll && next === undefined) return 'none';
    if (rows.length > 0) this.#effects.send(conn.id, { type: 'SYNC_DELTA', req, map, ...tables, rows });
    if (next === undefined) return 'all';
    this.#effects.send(conn.id, { type: 'CURSOR', map, ...next, req });
    return 'more';
  }

  merkle(conn: Connection, message: MerkleReqMessage): void {
    const { nodes } = message;
    const shown = this.#shown(conn, message);
    if (shown === undefined) return;
    if (nodes.some(([, path]) => path.length > PATH_DIGITS_MAX)) {
      this.#refuse(conn, 'BAD_MESSAGE', { ...named(message), path: 'nodes' });
      return;
    }
    const tree = shown.tree.read();
    const writer = new BulkWriter();
    const budget = new FrameBudget(this.#limits.frameBytes);
    const answer = new MerkleAnswer(shown, tree, writer, budget, this.#limits.merkleItems);
    let done = 0;
    for (const node of nodes) {
      if (!answer.node(node)) break;
      done++;
    }
    const root = tree.rootHash();
    const { parts } = answer;
    const answered = { ...about(message), root, done, ...writer.tables };
    this.#effects.send(conn.id, { type: 'MERKLE_RESP', ...answered, parts });
  }

  rows(conn: Connection, message: RowsReqMessage): void {
    const { items } = message;
    const shown = this.#shown(conn, message);
    if (shown === undefined) return;
    if (items.some(([, path]) => path.length > PATH_DIGITS_MAX)) {
      this.#refuse(conn, 'BAD_MESSAGE', { ...named(message), path: 'items' });
      return;
    }
    const tree = shown.tree.read();
    const writer = new BulkWriter();
    const budget = new FrameBudget(this.#limits.frameBytes);
    const rows: BulkRow[] = [];
    let done = 0;
    answering: for (const [pid, path, digests] of items) {
      const byDigest = new Map(tree.items(pid, path).map(([item, digest]) => [shortHash(digest), item]));
      for (const digest of unpackHashes(digests)) {
        const item = byDigest.get(digest);
        const row = item === undefined ? undefined : shown.map.committed(item);
        const seen = shown.seen(row);
        if (!budget.take(row === undefined ? MISSING_BYTES : bytesOfRow(row, seen))) break answering;
        done++;
        if (row !== undefined && seen !== undefined) rows.push(writer.row(row, seen));
      }
    }
    const root = tree.rootHash();
    const answered = { ...about(message), root, done, ...writer.tables };
    this.#effects.send(conn.id, { type: 'ROWS_RESP', ...answered, rows });
  }

  #refuse(conn: Connection, code: ErrorCode, details: ErrorDetails): void {
    this.#tally.refuse(code);
    this.#effects.send(conn.id, errorMessage(code, details));
  }

  #shown(conn: Connection, asked: Asked): Shown | undefined {
    const { map, query } = asked;
    const shown = query === undefined ? this.#scopes.group(conn, map) : this.#queries.shown(conn, query);
    if (shown === undefined) this.#refuse(conn, 'RESYNC', named(asked));
    return shown;
  }
}

/** How the device comes to hold what it is to hold; 0 is the root of nothing. */
const kindOf = (isResumed: boolean, root: number, own: number): SyncKind =>
  own === root ? 'equal' : isResumed ? 'cursor' : root === 0 ? 'snapshot' : 'merkle';

/** What an answer repeats of its question. */
const about = ({ req, map, query }: Asked): Asked => ({ req, map, ...(query !== undefined && { query }) });

/** How an error names what was asked about. */
const named = ({ req, map, query }: Asked): { readonly req: number; readonly ref: string } => ({
  req,
  ref: query ?? map,
});
