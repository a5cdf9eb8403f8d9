import { compareVersions, millisOf, type PartitionedTree, partitionOf, rowKey } from '@topgun/core';
import {
  ACK_LEVEL,
  type AckException,
  type ChangeRow,
  type ClientMessage,
  type ErrorCode,
  FORM,
  OP,
  type OpRow,
  type OpsMessage,
  OUTCOME,
  type Outcome,
  type SubRow,
} from '@topgun/protocol';
import { copyOf } from './copyOf.js';
import type { ModelConnection, ModelRow } from './ModelConnection.js';
import { ModelQueries } from './ModelQueries.js';
import { type MapPolicy, type ModelMaps, ModelSync, treeOf } from './ModelSync.js';

interface Answer {
  readonly outcome: Outcome;
  readonly pid: number;
  readonly n: number;
  readonly code: ErrorCode | undefined;
  readonly item: string;
}

/** What one OP_ACK says. */
function noAnswers() {
  const spans: (readonly [number, number, Outcome])[] = [];
  const pos: number[] = [];
  const ex: AckException[] = [];
  const nodes: string[] = [];
  return { spans, pos, ex, nodes };
}

const itemOf = (row: { key: string; tag: string | undefined }): string =>
  row.tag === undefined ? row.key : rowKey(row.key, row.tag);

/** A server for tests: commits at once, keeps everything in memory, and answers as the wire contract says. */
export class ModelServer {
  readonly rows = new Map<string, Map<string, ModelRow>>();
  readonly connections = new Set<ModelConnection>();
  readonly #maps: ModelMaps = {
    rows: (map) => this.rows.get(map) ?? new Map<string, ModelRow>(),
    tree: (map) => this.tree(map),
    places: () => [...this.#last].map(([pid, n]) => [pid, this.epoch, n] as const),
    wire: (row, nodes) => this.#wire(row, nodes),
    policyOf: (map) => this.#policyOf(map),
    sent: (count) => {
      this.rowsSent += count;
    },
  };
  /** Whole-map scopes, and the walk that repairs them and queries. */
  readonly sync = new ModelSync(this.#maps);
  readonly queries = new ModelQueries(this.#maps, () => this.epoch);
  /** Effects by op id: more than one entry is a doubled op. */
  readonly effects = new Map<string, number>();
  readonly #answers = new Map<string, Answer>();
  readonly #settledBelow = new Map<string, number>();
  readonly #last = new Map<number, number>();
  incarnation = 'inc-1';
  epoch = 7;
  /** Refuses an op before anything happens. */
  refuse: (map: string, row: OpRow) => ErrorCode | undefined = () => undefined;
  /** By map: what a resolver makes of what stands and what is written; what stands = kept, undefined = removed. */
  readonly resolvers = new Map<string, (standing: unknown, written: unknown) => unknown>();
  /** Maps that it keeps in memory alone. */
  readonly volatile = new Set<string>();
  /** Said with every RESOLVER_REJECTED. */
  reason = 'because';
  /** How far ahead of its time it admits ops. */
  skewMs = Number.POSITIVE_INFINITY;
  /** Answers that are computed but never sent. */
  dropAnswers = false;
  /** Deltas that are lost, which leaves a gap in the chain. */
  dropDeltas = false;
  /** Clients of which this server says that it does not know them any more. */
  readonly forgotten = new Set<string>();
  /** Every AUTH that came. */
  readonly auths: Extract<ClientMessage, { readonly type: 'AUTH' }>[] = [];
  /** Whether a token is good. */
  accepts: (token: string | undefined) => boolean = () => true;
  /** Server wall clock, ms. */
  nowMs: () => number = () => 0;
  /** Rows sent in answers and deltas. */
  rowsSent = 0;

  constructor() {
    this.sync.treeOfQuery = (connection, query) => this.queries.treeOf(connection, query);
  }

  /** A backup; the function that is returned restores it as a new incarnation. The caller has ended all connections. */
  backup(): () => void {
    const takeBack = copyOf([this.rows, this.effects, this.#answers, this.#settledBelow, this.#last]);
    return () => {
      takeBack();
      this.epoch += 1000;
      // A cursor is good for one life of the store.
      this.sync.hasCursors = false;
      this.incarnation = `inc-${this.epoch}`;
    };
  }

  receive(connection: ModelConnection, message: ClientMessage): void {
    connection.received.push(message);
    switch (message.type) {
      case 'AUTH': {
        if (!this.accepts(message.token)) {
          connection.deliver({ type: 'ERROR', code: 'AUTH_FAILED', message: 'refused' });
          connection.hangUp(4401);
          return;
        }
        this.auths.push(message);
        if (message.incarnation !== undefined && this.forgotten.has(message.clientId)) {
          connection.deliver({ type: 'ERROR', code: 'UNKNOWN_CLIENT', message: 'forgotten' });
          connection.hangUp(1013);
          return;
        }
        connection.clientId = message.clientId;
        this.connections.add(connection);
        connection.deliver({
          type: 'AUTH_ACK',
          version: 1,
          serverTime: this.nowMs(),
          incarnation: this.incarnation,
          userId: 'u',
          heartbeatMs: 5000,
          limits: { opsPerFrame: 500, frameBytes: 262_144, seqWindow: 8192 },
        });
        return;
      }
      case 'OPS':
        return this.#ops(connection, message);
      case 'SYNC_INIT':
        connection.scopes.add(message.map);
        return this.sync.init(connection, message);
      case 'MERKLE_REQ':
        return this.sync.merkle(connection, message);
      case 'ROWS_REQ':
        return this.sync.sendRows(connection, message);
      case 'SYNC_END':
        connection.scopes.delete(message.map);
        return;
      case 'QUERY_SUB':
        return this.queries.subscribe(connection, message);
      case 'QUERY_UNSUB':
        connection.queries.delete(message.query);
        return;
      case 'TOPIC_SUB':
        connection.topics.add(message.topic);
        connection.deliver({
          type: 'TOPIC_HEARD',
          topic: message.topic,
          recovered: !message.since,
          epoch: '',
          offset: 0,
        });
        return;
      case 'TOPIC_UNSUB':
        connection.topics.delete(message.topic);
        return;
      case 'TOPIC_PUB':
        for (const other of this.connections) {
          if (other === connection || !other.topics.has(message.topic)) continue;
          other.deliver({
            type: 'TOPIC_MSG',
            topic: message.topic,
            data: message.data,
            from: 'u',
            ts: this.nowMs(),
            id: message.id ?? '',
          });
        }
        return;
      case 'PING':
        connection.deliver({ type: 'PONG', id: message.id, serverTime: this.nowMs() });
        return;
      default:
    }
  }

  drop(connection: ModelConnection): void {
    this.connections.delete(connection);
  }

  /** A write by somebody else. */
  put(map: string, key: string, value: unknown, t: number, node = 'other', tag?: string): void {
    const form =
      tag !== undefined
        ? value === undefined
          ? FORM.OR_GONE
          : FORM.OR_PRESENT
        : value === undefined
          ? FORM.LWW_GONE
          : FORM.LWW_PRESENT;
    this.#commit(new Map([[map, [{ form, key, t, node, value, ttlMs: undefined, tag }]]]));
  }

  addToCounter(map: string, key: string, delta: number): void {
    this.#commit(new Map([[map, [this.#counter(map, key, delta, 1, 'other')]]]));
  }

  /** The live tree of a map, as the server's own view of `liveRoot`. */
  tree(map: string): PartitionedTree {
    return treeOf(this.rows.get(map) ?? new Map());
  }

  #ops(connection: ModelConnection, message: OpsMessage): void {
    const answers = { [ACK_LEVEL.PERSISTED]: noAnswers(), [ACK_LEVEL.APPLIED]: noAnswers() };
    for (const row of message.rows) {
      const map = message.maps[row[2]] ?? '';
      const { spans, pos, ex, nodes } =
        answers[this.volatile.has(map) ? ACK_LEVEL.APPLIED : ACK_LEVEL.PERSISTED];
      const id = `${connection.clientId}:${message.session}:${row[0]}`;
      const isSettled = row[0] < (this.#settledBelow.get(message.session) ?? 0);
      const first = isSettled ? settledAnswer(row[3]) : this.#answers.get(id);
      const answer = first ?? this.#apply(id, message.session, message.maps, row);
      if (answer.code !== 'CLOCK_SKEW') this.#answers.set(id, answer);
      const outcome = first?.outcome === OUTCOME.APPLIED ? OUTCOME.DUPLICATE : answer.outcome;
      spans.push([row[0], 1, outcome]);
      pos.push(answer.pid, answer.n);
      const current = row[1] === OP.TRANSACTION ? undefined : this.rows.get(map)?.get(answer.item);
      const needsRow =
        outcome === OUTCOME.SUPERSEDED || outcome === OUTCOME.CHANGED || row[1] === OP.INCREMENT;
      if (answer.code === 'RESOLVER_REJECTED') ex.push([row[0], answer.code, null, null, this.reason]);
      else if (answer.code !== undefined) ex.push([row[0], answer.code, null]);
      else if (needsRow && current) ex.push([row[0], null, this.#wire(current, nodes), this.epoch]);
    }
    const told = message.incarnation === this.incarnation ? message.settledBelow : 0;
    const below = Math.max(told, this.#settledBelow.get(message.session) ?? 0);
    this.#settledBelow.set(message.session, below);
    if (this.dropAnswers) return;
    const { session } = message;
    for (const level of [ACK_LEVEL.PERSISTED, ACK_LEVEL.APPLIED] as const)
      if (answers[level].spans.length > 0)
        connection.deliver({ type: 'OP_ACK', session, level, epoch: this.epoch, ...answers[level] });
  }

  /** Starts again: what it kept in memory alone is gone. The caller has ended all connections. */
  restart(): void {
    for (const map of this.volatile) this.rows.delete(map);
    this.epoch += 1;
  }

  #policyOf(map: string): MapPolicy {
    return {
      ...(this.resolvers.has(map) && { resolver: true }),
      ...(this.volatile.has(map) && { volatile: true }),
    };
  }

  /** A version of the server's own, whatever the resolver makes of it (SRV-7). */
  #resolve(map: string, key: string, t: number, pid: number, written: unknown): Answer {
    const standing = this.rows.get(map)?.get(key);
    const value = this.resolvers.get(map)?.(standing?.value, written ?? undefined);
    if (value !== standing?.value) this.put(map, key, value, Math.max(t, standing?.t ?? 0) + 1, 'server');
    const outcome = value === standing?.value ? OUTCOME.SUPERSEDED : OUTCOME.CHANGED;
    return { outcome, pid, n: this.rows.get(map)?.get(key)?.n ?? 0, code: undefined, item: key };
  }

  #apply(id: string, session: string, maps: readonly string[], row: OpRow): Answer {
    const [, op, mapIdx, key, t, base, payload, ttlMs, stampNode] = row;
    const map = maps[mapIdx] ?? '';
    const pid = partitionOf(key);
    const code =
      this.refuse(map, row) ?? (millisOf(t) > this.nowMs() + this.skewMs ? 'CLOCK_SKEW' : undefined);
    if (code !== undefined) return { outcome: OUTCOME.REJECTED, pid: 0, n: 0, code, item: key };
    this.effects.set(id, (this.effects.get(id) ?? 0) + 1);
    if (this.resolvers.has(map) && op < OP.OR_ADD) return this.#resolve(map, key, t, pid, payload);
    const stamp = { t, node: stampNode ?? session };
    const writes =
      op === OP.TRANSACTION ? (payload as SubRow[]) : [[op, mapIdx, key, base, payload, ttlMs] as SubRow];
    const made = new Map<string, Omit<ModelRow, 'n'>[]>();
    for (const [at, write] of writes.entries()) {
      const name = maps[write[1]] ?? '';
      const tag = op === OP.TRANSACTION ? `${id}:${at}` : id;
      const rows = this.#rowsOf(name, write, stamp, tag);
      if (rows.length > 0) made.set(name, [...(made.get(name) ?? []), ...rows]);
    }
    const item = op === OP.OR_ADD ? rowKey(key, id) : key;
    if (made.size === 0) {
      const n = this.rows.get(map)?.get(item)?.n ?? 0;
      return { outcome: OUTCOME.SUPERSEDED, pid, n, code: undefined, item };
    }
    return { outcome: OUTCOME.APPLIED, pid, n: this.#commit(made), code: undefined, item };
  }

  /** What a write makes; nothing where it loses. */
  #rowsOf(
    map: string,
    [op, , key, , payload, ttlMs]: SubRow,
    stamp: { readonly t: number; readonly node: string },
    tag: string,
  ): Omit<ModelRow, 'n'>[] {
    const made = { key, ...stamp, value: payload, ttlMs: ttlMs ?? undefined, tag: undefined };
    switch (op) {
      case OP.OR_ADD:
        return [{ ...made, form: FORM.OR_PRESENT, tag }];
      case OP.OR_REMOVE:
        return (payload as string[]).map((gone) => ({
          ...made,
          value: undefined,
          form: FORM.OR_GONE,
          tag: gone,
        }));
      case OP.INCREMENT:
        return [this.#counter(map, key, payload as number, stamp.t, stamp.node)];
      default: {
        const value = op === OP.REMOVE ? undefined : payload;
        const known = this.rows.get(map)?.get(key);
        if (known && compareVersions({ ...stamp, value }, known) < 0) return [];
        return [{ ...made, value, form: value === undefined ? FORM.LWW_GONE : FORM.LWW_PRESENT }];
      }
    }
  }

  #counter(map: string, key: string, delta: number, t: number, node: string): Omit<ModelRow, 'n'> {
    const [up, down] = (this.rows.get(map)?.get(key)?.value ?? [0, 0]) as [number, number];
    const value = delta > 0 ? [up + delta, down] : [up, down - delta];
    return { form: FORM.COUNTER, key, t, node, value, ttlMs: undefined, tag: undefined };
  }

  /** Rows of one partition, by map, under one offset. */
  #commit(made: ReadonlyMap<string, readonly Omit<ModelRow, 'n'>[]>): number {
    const pid = partitionOf([...made.values()][0]?.[0]?.key ?? '');
    const from = this.#last.get(pid) ?? 0;
    const n = from + 1;
    this.#last.set(pid, n);
    for (const [map, stored] of made) {
      const rows = this.rows.get(map) ?? new Map<string, ModelRow>();
      this.rows.set(map, rows);
      for (const row of stored) rows.set(itemOf(row), { ...row, n });
    }
    for (const connection of this.connections) {
      for (const scope of connection.scopes) {
        if (this.dropDeltas) continue;
        const nodes: string[] = [];
        const changes = (made.get(scope) ?? []).map((row) => this.#wire({ ...row, n }, nodes));
        this.rowsSent += changes.length;
        connection.deliver({
          type: 'SERVER_EVENT',
          map: scope,
          nodes,
          parts: [[pid, from === 0 ? 0 : this.epoch, from, this.epoch, n, changes]],
        });
      }
      for (const map of made.keys()) this.queries.update(connection, map);
    }
    return n;
  }

  #wire(row: ModelRow, nodes: string[]): ChangeRow {
    let at = nodes.indexOf(row.node);
    if (at < 0) at = nodes.push(row.node) - 1;
    const value = (row.form & 1) === 1 ? null : row.value;
    return [row.form, row.key, row.n, row.t, at, value, row.ttlMs ?? null, row.tag ?? null];
  }
}

/** What is left to say of an op that the device once called settled: its offset is forgotten (decision 0005). */
function settledAnswer(key: string): Answer {
  return { outcome: OUTCOME.APPLIED, pid: partitionOf(key), n: 0, code: undefined, item: key };
}
