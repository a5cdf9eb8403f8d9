import { CLOSE_CODE } from '@topgun/protocol';
import type { Policy, Principal } from '../security/PermissionPolicy.js';
import type { DedupRow, DedupState, Offset, StoredRecord } from '../storage/Store.js';
import { localTopics } from '../topics/localTopics.js';
import { Accounts } from './Accounts.js';
import { Admission } from './Admission.js';
import { Answers } from './Answers.js';
import { Chores } from './Chores.js';
import { ClientBindings } from './ClientBindings.js';
import { Connection } from './Connection.js';
import { Cursors } from './Cursors.js';
import { ClusterSide } from './cluster/ClusterSide.js';
import { DedupTable } from './DedupTable.js';
import { EngineCounts } from './EngineCounts.js';
import { ENGINE_LIMITS, type EngineLimits } from './EngineLimits.js';
import { Followers } from './Followers.js';
import { Gate } from './Gate.js';
import { IndexBuilder } from './indexes/IndexBuilder.js';
import { QueryInspector } from './indexes/QueryInspector.js';
import { Judge } from './Judge.js';
import { MapQuota } from './MapQuota.js';
import { MemoryStaging } from './MemoryStaging.js';
import type { Op } from './Op.js';
import { OwnerClock } from './OwnerClock.js';
import { Outbox } from './outbox/Outbox.js';
import { PolicyBook } from './PolicyBook.js';
import type {
  ClientMessage,
  CommitResult,
  EngineStats,
  ErrorCode,
  Objection,
  ServerEffects,
  ServerEngineOptions,
  Verdict,
} from './ports.js';
import { type Hearers, publish } from './publish.js';
import { Queries } from './Queries.js';
import { Reaper } from './Reaper.js';
import { Rebirth } from './Rebirth.js';
import { RecordTable } from './RecordTable.js';
import { Resume } from './Resume.js';
import { Retention } from './Retention.js';
import { Router } from './Router.js';
import { Repairs } from './repair/Repairs.js';
import { Arbiter } from './resolvers/Arbiter.js';
import { Resolvers } from './resolvers/Resolvers.js';
import { Scopes } from './Scopes.js';
import type { ScreenVerdict } from './Screened.js';
import { SessionMachine } from './SessionMachine.js';
import { Staging, type StagingPorts } from './Staging.js';
import { SyncServer } from './SyncServer.js';
import { scanBudget } from './scanBudget.js';
import { sessionPorts } from './sessionPorts.js';
import { Tally } from './Tally.js';
import { Topics } from './Topics.js';

const SWEEP_TIMER = 'sweep';

/**
 * One node as a pure machine: inputs in, effects out, no I/O and no clock of its own. `now` is server time in ms.
 *
 * The shell calls `load` first, then an input for everything that happens, and `tick` after every turn with one. It holds no rule itself.
 */
export class ServerEngine {
  /** of records from the future: what is asked is done in the next tick (CLK-7) */
  readonly repairs: Repairs;
  readonly inspector: QueryInspector;
  readonly counts: EngineCounts;
  /** configured and stored policies, and what they denied */
  readonly policies: PolicyBook;
  readonly outbox: Outbox;
  /** what it has to do with other nodes; undefined where there are none */
  readonly cluster: ClusterSide | undefined;
  readonly router: Router;
  readonly #effects: ServerEffects;
  readonly #limits: EngineLimits;
  readonly #wall: { nowMs: number };
  readonly #clock: OwnerClock;
  readonly #connections = new Map<number, Connection>();
  readonly #tally = new Tally();
  readonly #accounts: Accounts;
  readonly #dedup = new DedupTable<Op>();
  readonly #gate: Gate;
  readonly #table: RecordTable;
  readonly #answers: Answers;
  readonly #staging: Staging;
  readonly #volatile: MemoryStaging;
  readonly #admission: Admission;
  readonly #scopes: Scopes;
  readonly #queries: Queries;
  readonly #topics: Topics;
  readonly #followers: Followers;
  readonly #sessions: SessionMachine;
  readonly #retention: Retention;
  readonly #chores: Chores;
  readonly #rebirth: Rebirth;
  /** of the facts of the commit that is being taken in, where nodes share them */
  #revision = 0;
  #isDraining = false;
  #isDrained = false;

  /** Throws `POLICY_INVALID` for malformed policies. */
  constructor(options: ServerEngineOptions, effects: ServerEffects) {
    const { boot, nodeId, cluster } = options;
    const isShared = cluster !== undefined;
    const limits = { ...ENGINE_LIMITS, ...options.limits };
    const wall = { nowMs: options.now };
    this.#effects = effects;
    this.#limits = limits;
    this.#wall = wall;
    this.#clock = new OwnerClock(nodeId, { wallMs: () => wall.nowMs }, limits.skewMs, boot.meta, isShared);
    this.#gate = new Gate(options.policies, options.queryPorts);
    const resolvers = options.resolvers ?? new Resolvers();
    resolvers.onFault = (fault) => effects.resolverFailed?.(fault);
    const builder = new IndexBuilder(limits.indexRows);
    this.#table = new RecordTable(boot, {
      ...{ ...options, resolvers, builder, isShared, dirtyItems: limits.dirtyItems },
      // What other nodes are to know of is in the store (CLU-27).
      ...(isShared && { isVolatile: () => false }),
    });
    this.#answers = new Answers(effects, this.#gate, this.#table, limits);
    this.#rebirth = new Rebirth(boot.incarnation, effects, this.#table);
    const cursors = new Cursors(options.mac, this.#rebirth.life, boot.meta);
    this.#scopes = new Scopes(effects, this.#gate, this.#table, cursors, limits);
    const scans = scanBudget(limits, this.#tally);
    const asked = { gate: this.#gate, table: this.#table, scans, ports: options.queryPorts };
    this.#queries = new Queries({ ...asked, effects, limits, tally: this.#tally });
    this.inspector = new QueryInspector(asked);
    const hub = options.topics ?? localTopics(nodeId, wall, () => this.policies);
    this.#topics = new Topics(effects, this.#gate, this.#tally, hub);
    this.#followers = new Followers(this.#scopes, this.#queries, this.#topics);
    const followed = { scopes: this.#scopes, queries: this.#queries, topics: this.#topics };
    const staged: Pick<StagingPorts, 'committed' | 'readmit'> = {
      committed: (commit) => {
        this.cluster?.tell(commit, this.#revision);
        publish(hearers, commit, wall.nowMs);
      },
      readmit: (ops, now) => {
        this.repairs.again();
        this.#admission.readmit(ops, now);
      },
    };
    const { durable, volatile } = this.#table;
    this.#staging = new Staging(effects, this.#table, durable, limits, {
      ...staged,
      metaFor: (batch) => {
        this.#clock.stage(batch);
        cursors.stage(batch);
      },
      outbox: () => this.outbox,
      ...(isShared && {
        feed: (slices) => this.cluster?.moved(slices),
        contradicted: (names, now) => this.#admission.followed(names, now),
      }),
    });
    this.#volatile = new MemoryStaging(this.#table, limits, staged);
    const shared = { effects, limits, life: this.#rebirth.life, tally: this.#tally, random: options.random };
    this.#accounts = new Accounts({ ...shared, onAbuse: (conn) => this.#sessions.abused(conn) });
    this.#admission = new Admission(
      {
        ...shared,
        dedup: this.#dedup,
        clock: this.#clock,
        table: this.#table,
        judge: new Judge(this.#gate, this.#table, new Arbiter(this.#gate, this.#clock)),
        answers: this.#answers,
        mapQuota: new MapQuota(this.#table, this.#accounts, limits, this.#tally),
        isScreened: options.isScreened === true,
        elsewhere: cluster?.elsewhere,
      },
      this.#staging,
      this.#volatile,
    );
    const review = (conn: Connection): void => this.#followers.review(conn);
    const book = { ...asked, staging: this.#staging, effects, connections: this.#connections, review };
    this.policies = new PolicyBook(book, boot.meta, options.policies);
    this.outbox = new Outbox({ ...book, limits, wall, table: this.#table }, boot.meta);
    // Once in thirty lifetimes is often enough to note that a client is still there.
    const bindings = new ClientBindings(boot.meta, this.#staging, limits.unusedClientMs / 30);
    const keeper = isShared && { isKeeper: () => this.cluster?.isKeeper === true };
    const kept = { dedup: this.#dedup, staging: this.#staging, limits, meta: boot.meta, ...keeper };
    this.#retention = new Retention({ ...kept, bindings }, options.now);
    const own = { ...kept, table: this.#table, lane: durable, clock: this.#clock };
    const passing = { ...own, lane: volatile, staging: this.#volatile, meta: new Map() };
    const reaper = new Reaper(own, options.now);
    this.#chores = new Chores(effects, limits, [reaper, new Reaper(passing, options.now)], builder);
    this.repairs = new Repairs({ ...own, effects }, boot.meta);
    const around = { connections: this.#connections, retention: this.#retention, accounts: this.#accounts };
    const hearers: Hearers = {
      ...{ scopes: this.#scopes, queries: this.#queries, repairs: this.repairs, answers: this.#answers },
      ...{ admission: this.#admission, policies: this.policies, outbox: this.outbox },
    };
    const sharing = { ...shared, ...own, ...hearers, boot, wall, cursors, bindings, reaper };
    this.cluster =
      cluster && new ClusterSide(cluster, { ...sharing, ...around, sessions: () => this.#sessions });
    const ports = { ...around, bindings, followers: this.#followers, router: () => this.router, wall };
    this.#sessions = new SessionMachine(shared, sessionPorts(ports));
    this.counts = new EngineCounts({
      ...{ ...shared, ...followed, connections: this.#connections, table: this.#table },
      durable: this.#staging,
      volatile: this.#volatile,
      admission: this.#admission,
      clock: this.#clock,
    });
    const resume = new Resume(cursors, limits.frameBytes, this.#rebirth, this.cluster);
    this.router = new Router({
      ...{ ...shared, nodeId, publicUrl: options.publicUrl, connections: this.#connections },
      accounts: this.#accounts,
      sessions: this.#sessions,
      admission: this.#admission,
      ...{ ...followed, forwarding: this.cluster?.forwarding },
      sync: new SyncServer({ ...shared, scopes: this.#scopes, queries: this.#queries, scans, resume }),
    });
  }

  /** Once, before any other input: what the store holds. May be called several times with parts of it. */
  load(records: Iterable<StoredRecord>, dedup: Iterable<readonly [pid: number, row: DedupRow]>): void {
    for (const record of records) {
      this.#table.load(record);
      this.#clock.saw(record.t);
    }
    for (const [pid, row] of dedup) this.#dedup.load(pid, row);
  }

  opened(conn: number, info: { readonly remote: string }, now: number): void {
    this.#at(now);
    const connection = new Connection(conn, info.remote, now);
    if (this.#connections.size === 0) this.#effects.arm(SWEEP_TIMER, this.#limits.heartbeatMs);
    this.#connections.set(conn, connection);
    this.#sessions.opened(connection);
    if (this.#isDraining) this.#sessions.sendAway(connection);
    if (this.#rebirth.isUnderWay) this.#sessions.fail(connection, 'UNAVAILABLE', CLOSE_CODE.TRY_LATER);
  }

  /** A decoded, checked message that came in so many bytes. */
  message(conn: number, message: ClientMessage, now: number, bytes = 0): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined) return;
    this.#at(now);
    connection.seenAtMs = now;
    if (this.#sessions.admits(connection, message.type)) this.router.route(connection, message, bytes, now);
  }

  /** The shell could not decode a frame. */
  refused(conn: number, code: ErrorCode, path: string | undefined, now: number): void {
    const connection = this.#connections.get(conn);
    if (connection === undefined) return;
    this.#at(now);
    this.#sessions.refused(connection, code, path, now);
  }

  closed(conn: number, now: number, hasLeft = false): void {
    this.#at(now);
    const connection = this.#connections.get(conn);
    if (connection !== undefined) this.#sessions.left(connection, hasLeft);
  }

  verified(conn: number, verdict: Verdict, now: number): void {
    this.#at(now);
    const connection = this.#connections.get(conn);
    if (connection === undefined || this.cluster?.holds(connection, verdict) === true) return;
    this.#sessions.verified(connection, verdict, now);
  }

  /** `revision`: of its facts, where nodes share them; 0 = it has none, or it is not known. */
  committed(id: number, result: CommitResult, now: number, revision = 0): void {
    this.#at(now);
    this.#revision = revision;
    this.#staging.committed(id, result);
    this.#revision = 0;
  }

  /** A socket holds more than it should of what it was sent, or the network has taken all of it (FLOW-1). */
  pressed(conn: number, isBehind: boolean): void {
    const connection = this.#connections.get(conn);
    if (connection !== undefined) this.#followers.pressed(connection, isBehind);
  }

  /** A socket is not read for now, so that its silence says nothing (FLOW-8). */
  unread(conn: number, now: number): void {
    const connection = this.#connections.get(conn);
    if (connection !== undefined) connection.seenAtMs = now;
  }

  /** What the program says of an op (INT-3); done at the next tick. */
  screened(question: number, verdict: ScreenVerdict): void {
    this.#admission.screening?.answer(question, verdict);
  }

  /** A stamp above all that the node has seen, for what is written on behalf of a request (REC-5). */
  stamp(now: number): number {
    this.#at(now);
    return this.#clock.stamp();
  }

  /** The dedup states asked for by `readDedup`, in its order. */
  dedupRead(id: number, states: readonly (DedupState | undefined)[], now: number): void {
    this.#at(now);
    this.#staging.dedupRead(id, states);
  }

  timer(name: string, now: number): void {
    this.#at(now);
    const [kind = '', id] = name.split(' ');
    if (name === SWEEP_TIMER) {
      const connections = [...this.#connections.values()];
      this.#sessions.sweep(connections, now);
      this.#accounts.sweep(now);
      this.#scopes.tellCursors(now);
      this.#retention.sweep((id) => connections.some(({ clientId }) => clientId === id), now);
      if (this.#connections.size > 0) this.#effects.arm(SWEEP_TIMER, this.#limits.heartbeatMs);
    } else if (this.#chores.timer(name, now, this.#isDraining)) return;
    else if (id === undefined) this.#staging.timer(name, now);
    else {
      const connection = this.#connections.get(Number(id));
      if (connection !== undefined) this.#sessions.timer(connection, kind, now);
    }
  }

  /** The end of a turn: starts a flush if one is due, sends the answers of the turn. */
  tick(now: number): void {
    this.#at(now);
    if (this.#rebirth.isDue) this.#endLife();
    if (!this.#rebirth.isUnderWay) this.repairs.run(now);
    this.#admission.screening?.run(now);
    this.cluster?.forwarding?.tick();
    if (this.#isDraining) this.#staging.hurry();
    else this.#chores.arm(now);
    this.#staging.tick(now);
    this.#volatile.tick(now);
    this.cluster?.tick();
    this.#answers.flush();
    if (this.#isQuiet) this.#rebirth.settle();
    if (!this.#isDraining || this.#isDrained || !this.#isQuiet) return;
    this.#isDrained = true;
    this.#effects.drained?.();
  }

  /** Tells everybody to go and takes no more ops; what was admitted is still made durable and answered. */
  drain(now: number): void {
    this.#at(now);
    this.#isDraining = true;
    this.#admission.isClosed = true;
    for (const conn of this.#connections.values()) this.#sessions.sendAway(conn);
  }

  /** The new life that `renew` asked for is durable. */
  renewed(incarnation: string, now: number): void {
    this.#at(now);
    this.#rebirth.renewed(incarnation, now);
    this.#dedup.reopen();
    this.#admission.isClosed = this.#isDraining;
  }

  /** New rights at once: whoever now sees something else is told to open it again. Throws on malformed policies. */
  setPolicies(policies: readonly Policy[], now: number): void {
    this.#at(now);
    this.policies.configure(policies);
  }

  /** Other tokens are believed than before (AUTH-7, AUTH-40). */
  judgeTokens(objectionTo: (principal: Principal) => Objection, now: number): void {
    this.#at(now);
    this.#sessions.judge([...this.#connections.values()], objectionTo, now);
  }

  stats(): EngineStats {
    return { ...this.counts.stats(), draining: this.#isDraining };
  }

  /** Live root of a map (DAT-5); 0 when it is unknown or empty. */
  rootOf(map: string): number {
    return this.#table.map(map)?.tree.read().rootHash() ?? 0;
  }

  /** Durable position of every partition that has one. */
  positions(): readonly (readonly [pid: number, offset: Offset])[] {
    return this.#table.durable.positions();
  }

  /** Durable records changed after an offset, by rising offset; those of one offset are never parted. O(changes). */
  changesSince(pid: number, after: Offset, limit: number): readonly StoredRecord[] {
    return this.#table.durable.partition(pid).changes.since(after, limit);
  }

  get #isQuiet(): boolean {
    return this.#staging.isQuiet && this.#volatile.isQuiet && this.counts.pendingOps === 0;
  }

  #at(now: number): void {
    this.#wall.nowMs = now;
  }

  /** Nobody is served until what is staged is durable and a new life has begun; then all come back and send what is missing (INC-2). */
  #endLife(): void {
    this.#admission.isClosed = true;
    this.#sessions.failAll([...this.#connections.values()], 'NEW_INCARNATION', CLOSE_CODE.TRY_LATER);
  }
}
