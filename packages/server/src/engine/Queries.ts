import { type QueryPorts, type QuerySpec, regexFaultIn } from '@topgun/core';
import {
  LIMITS,
  packHashes,
  type QueryRespMessage,
  type QueryRow,
  type QuerySubMessage,
} from '@topgun/protocol';
import type { View } from '../security/policy/View.js';
import type { Commit } from './Commit.js';
import type { Connection } from './Connection.js';
import type { EngineLimits } from './EngineLimits.js';
import { errorMessage } from './errorMessage.js';
import { exactKey } from './exactKey.js';
import type { Gate } from './Gate.js';
import { hiddenPathIn } from './hiddenPathIn.js';
import { rootsOf } from './MerkleAnswer.js';
import type { ServerEffects } from './ports.js';
import { QueryQuota } from './QueryQuota.js';
import type { RecordTable } from './RecordTable.js';
import { RowWriter } from './RowWriter.js';
import { SharedQuery, type Subscription, type Update } from './SharedQuery.js';
import type { Shown } from './Shown.js';
import { StandingQueries } from './StandingQueries.js';
import { bytesOfRow } from './sizeOf.js';
import type { Tally } from './Tally.js';
import type { TokenBucket } from './TokenBucket.js';

export interface QueriesParts {
  readonly effects: ServerEffects;
  readonly gate: Gate;
  readonly table: RecordTable;
  readonly scans: TokenBucket;
  readonly limits: EngineLimits;
  readonly tally: Tally;
  readonly ports: QueryPorts | undefined;
}

/** The live queries of all connections, those that ask the same of the same view sharing one window. */
export class Queries {
  readonly #effects: ServerEffects;
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #scans: TokenBucket;
  readonly #limits: EngineLimits;
  readonly #tally: Tally;
  readonly #ports: QueryPorts;
  readonly #quota: QueryQuota;
  readonly #byMap = new Map<string, StandingQueries>();
  /** By connection and the id it chose. */
  readonly #open = new Map<Connection, Map<string, Subscription>>();
  /** Of connections that are behind: the queries to be opened again. */
  readonly #lost = new Map<Connection, Set<string>>();

  constructor({ effects, gate, table, scans, limits, tally, ports }: QueriesParts) {
    this.#effects = effects;
    this.#gate = gate;
    this.#table = table;
    this.#scans = scans;
    this.#limits = limits;
    this.#tally = tally;
    this.#ports = ports ?? {};
    this.#quota = new QueryQuota(limits);
  }

  get sharedCount(): number {
    let count = 0;
    for (const queries of this.#byMap.values()) count += queries.size;
    return count;
  }

  get subscriberCount(): number {
    let count = 0;
    for (const query of this.standing()) count += query.subscribers.size;
    return count;
  }

  /** All results that are kept up to date. */
  *standing(): IterableIterator<SharedQuery> {
    for (const queries of this.#byMap.values()) yield* queries.all();
  }

  /** Queries of a connection, refused ones included. */
  countOf(conn: Connection): number {
    return this.#open.get(conn)?.size ?? 0;
  }

  isOpen(conn: Connection, id: string): boolean {
    return this.#open.get(conn)?.has(id) === true;
  }

  /** The result of an open query. */
  shown(conn: Connection, id: string): Shown | undefined {
    return this.#open.get(conn)?.get(id)?.query;
  }

  /** Opens a query and answers it; one under the same id is replaced. */
  subscribe(conn: Connection, message: QuerySubMessage): void {
    const { query: id, map, where, sort, limit, root, after, before } = message;
    this.unsubscribe(conn, id);
    const { view } = this.#gate.may(conn, map);
    const { signature } = view;
    const path = view.isBlind ? undefined : hiddenPathIn(message, view);
    if (view.isBlind || path !== undefined) {
      this.#gate.denied(conn, { action: 'READ', map, old: undefined, ...(path !== undefined && { path }) });
      this.#note({ id, conn, map, signature, query: undefined, v: 0, rows: 0 });
      this.#tally.refuse('DENIED');
      this.#effects.send(conn.id, errorMessage('DENIED', { ref: id, ...(path !== undefined && { path }) }));
      return;
    }
    const spec: QuerySpec = {
      ...(where === undefined ? undefined : { where }),
      ...(sort === undefined ? undefined : { sort }),
      limit: Math.min(limit ?? LIMITS.queryRows, LIMITS.queryRows),
      ...(after === undefined ? undefined : { after }),
      ...(before === undefined ? undefined : { before }),
    };
    // Whatever else may be wrong with a predicate is refused with its frame.
    const fault = where && regexFaultIn(where, this.#ports);
    if (fault !== undefined) {
      const faultPath = `where${fault.at.slice(1)}.pattern`.slice(0, LIMITS.errorPathChars);
      this.#tally.refuse('PREDICATE_INVALID');
      this.#effects.send(conn.id, errorMessage('PREDICATE_INVALID', { ref: id, path: faultPath }));
      return;
    }
    const key = `${view.signature}|${exactKey(spec)}`;
    const found = this.#byMap.get(map)?.get(key);
    const retryAfterMs = found === undefined ? this.#scans.waitMs(conn.seenAtMs) : 0;
    if (retryAfterMs > 0) {
      this.#tally.refuse('UNAVAILABLE');
      this.#effects.send(conn.id, errorMessage('UNAVAILABLE', { ref: id, retryAfterMs }));
      return;
    }
    const shared = found ?? this.#make(map, key, view, spec);
    const explanation = shared.takeExplanation();
    if (explanation !== undefined) this.#effects.queried?.({ conn: conn.id, map, spec, explanation });
    const rows = shared.size;
    const exceeded = this.#quota.take(subOf(conn), rows);
    if (exceeded !== undefined) {
      this.#tally.hit(exceeded);
      this.#tally.refuse('LIMIT');
      this.#effects.send(conn.id, errorMessage('LIMIT', { ref: id }));
      this.#leave(shared);
      return;
    }
    const subscription: Subscription = { id, conn, map, signature, query: shared, v: 0, rows };
    shared.subscribers.add(subscription);
    this.#note(subscription);
    const isResumed = root !== undefined && this.#resume(subscription, shared, root);
    this.#tally.syncs[isResumed ? 'digest' : 'snapshot']++;
    if (!isResumed) this.#answer(subscription, shared);
  }

  unsubscribe(conn: Connection, id: string): void {
    const subscription = this.#open.get(conn)?.get(id);
    this.#open.get(conn)?.delete(id);
    this.#lost.get(conn)?.delete(id);
    const query = subscription?.query;
    if (subscription === undefined || query === undefined) return;
    query.subscribers.delete(subscription);
    this.#quota.give(subOf(conn), subscription.rows);
    this.#leave(query);
  }

  unsubscribeAll(conn: Connection): void {
    for (const id of [...(this.#open.get(conn)?.keys() ?? [])]) this.unsubscribe(conn, id);
    this.#open.delete(conn);
    this.#lost.delete(conn);
  }

  /** The network does not take what the connection is sent, or has taken all of it (QRY-10). */
  pressed(conn: Connection, isBehind: boolean): void {
    if (isBehind) this.#drop(conn);
    else {
      for (const ref of this.#lost.get(conn) ?? [])
        this.#effects.send(conn.id, errorMessage('RESYNC', { ref }));
      this.#lost.delete(conn);
    }
  }

  /** Ends the queries of a connection that is behind: nothing more is done for them until it opens them again. */
  #drop(conn: Connection): void {
    const lost = [...(this.#open.get(conn) ?? [])].flatMap(([id, { query }]) =>
      query === undefined ? [] : [id],
    );
    for (const id of lost) this.unsubscribe(conn, id);
    if (lost.length > 0) this.#tally.hit('resyncBytes');
    this.#lost.set(conn, new Set(lost));
  }

  /** Lets go of a result that nobody follows. */
  #leave(query: SharedQuery): void {
    if (query.subscribers.size > 0) return;
    this.#table.release(query.map);
    const queries = this.#byMap.get(query.map.name);
    queries?.remove(query);
    if (queries?.size === 0) this.#byMap.delete(query.map.name);
  }

  /** Sends what a commit changed in each result. */
  publish({ changes }: Commit): void {
    for (const [map, made] of changes) {
      const updates = this.#byMap.get(map.name)?.advance(made, this.#limits.frameBytes) ?? [];
      for (const [query, update] of updates) {
        this.#spend(query);
        this.#tally.queryDeltas += update.changes.length * query.subscribers.size;
        this.#send(query, update);
      }
    }
  }

  /** Rights have changed: whoever now sees the map differently asks again. */
  review(conn: Connection): void {
    for (const [id, { map, signature }] of [...(this.#open.get(conn) ?? [])]) {
      if (signature === this.#gate.may(conn, map).view.signature) continue;
      this.unsubscribe(conn, id);
      this.#effects.send(conn.id, errorMessage('RESYNC', { ref: id }));
    }
  }

  #spend(query: SharedQuery): void {
    const examined = query.takeExamined();
    this.#tally.queryRowsExamined += examined;
    this.#scans.spend(examined);
  }

  #note(subscription: Subscription): void {
    const { conn, id } = subscription;
    const open = this.#open.get(conn);
    if (open === undefined) this.#open.set(conn, new Map([[id, subscription]]));
    else open.set(id, subscription);
  }

  #make(map: string, key: string, view: View, spec: QuerySpec): SharedQuery {
    const queries = this.#byMap.get(map) ?? new StandingQueries();
    this.#byMap.set(map, queries);
    const query = new SharedQuery(
      key,
      this.#table.hold(map),
      view,
      spec,
      this.#limits.dirtyItems,
      this.#ports,
    );
    this.#tally.queryResults++;
    this.#spend(query);
    queries.add(query);
    return query;
  }

  /**
   * Answers a device that holds rows of the query with the root of the result, and where it differs with the hashes to begin a walk
   * with (RES-4). False where sending the rows anew costs no more.
   */
  #resume({ id, conn }: Subscription, query: SharedQuery, root: number): boolean {
    const tree = query.tree.read();
    const own = tree.rootHash();
    if (own !== root && query.isWithin(this.#limits.smallResultBytes)) return false;
    this.#effects.send(conn.id, {
      ...answerOf(query, id),
      root: own,
      ...(own !== root && { parts: packHashes(rootsOf(tree)) }),
    });
    return true;
  }

  #answer({ id, conn }: Subscription, query: SharedQuery): void {
    let part = 0;
    let rows: QueryRow[] = [];
    let writer = new RowWriter();
    let bytes = 0;
    const send = (last: boolean): void => {
      this.#effects.send(conn.id, { ...answerOf(query, id), nodes: writer.nodes, rows, last, part });
      part++;
      rows = [];
      writer = new RowWriter();
      bytes = 0;
    };
    for (const { row, seen } of query.rows()) {
      const rowBytes = bytesOfRow(row, seen);
      if (rows.length > 0 && bytes + rowBytes > this.#limits.frameBytes) send(false);
      rows.push([row.pid, row.epoch, writer.present(row, seen, row.epoch)]);
      bytes += rowBytes;
    }
    send(true);
  }

  /** Each subscriber under its own id and count; those that agree in both share a frame. */
  #send(query: SharedQuery, { nodes, changes }: Update): void {
    const [only] = query.subscribers;
    if (only !== undefined && query.subscribers.size === 1) {
      only.v++;
      this.#effects.send(only.conn.id, { type: 'QUERY_UPDATE', query: only.id, v: only.v, nodes, changes });
      return;
    }
    const groups = new Map<string, Subscription[]>();
    for (const subscription of query.subscribers) {
      subscription.v++;
      const key = `${subscription.v}/${subscription.id}`;
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [subscription]);
      else group.push(subscription);
    }
    for (const group of groups.values()) {
      const [{ id, v }] = group as [Subscription];
      const conns = group.map(({ conn }) => conn.id);
      this.#effects.sendShared(conns, { type: 'QUERY_UPDATE', query: id, v, nodes, changes });
    }
  }
}

// A connection without a principal opens nothing.
const subOf = ({ principal }: Connection): string => principal?.sub ?? '';

/** An answer without rows. */
const answerOf = ({ map }: SharedQuery, id: string): QueryRespMessage => ({
  type: 'QUERY_RESP',
  query: id,
  v: 0,
  nodes: [],
  rows: [],
  last: true,
  part: 0,
  ...(map.resolver && { resolver: true }),
  ...(map.lane.isVolatile && { volatile: true }),
});
