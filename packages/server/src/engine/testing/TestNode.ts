import type { IndexSpec, QueryPorts } from '@topgun/core';
import type { ClientMessage, MessageOf, MessageType, OpsMessage, ServerMessage } from '@topgun/protocol';
import { cursorMac } from '../../security/cursorMac.js';
import type { Policy, Principal } from '../../security/PermissionPolicy.js';
import { commitOf } from '../../storage/contractRecords.js';
import type { CommitBatch, CommitResult, StoreBoot, StoredRecord } from '../../storage/Store.js';
import type { ClusterOptions } from '../cluster/ports.js';
import type { EngineLimits } from '../EngineLimits.js';
import type { Op } from '../Op.js';
import type { DedupName, QueriedResult, RollbackProof, ServerEffects } from '../ports.js';
import type { RepairOrder, RepairResult } from '../repair/Repair.js';
import type { Resolver } from '../resolvers/Resolver.js';
import { type ResolverFault, type ResolverRule, Resolvers } from '../resolvers/Resolvers.js';
import { ServerEngine } from '../ServerEngine.js';
import { TestDevice, type TestDeviceOptions } from './TestDevice.js';
import { TestStore } from './TestStore.js';

export const ALL: readonly Policy[] = [{ role: 'user', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }];

export interface TestNodeOptions {
  readonly policies?: readonly Policy[];
  readonly limits?: Partial<EngineLimits>;
  readonly publicUrl?: string | undefined;
  readonly rules?: readonly ResolverRule[];
  /** names of maps that memory alone keeps */
  readonly volatile?: readonly string[];
  readonly indexes?: Readonly<Record<string, readonly IndexSpec[]>>;
  readonly resolvers?: Readonly<Record<string, Resolver>>;
  readonly queryPorts?: QueryPorts;
  readonly queried?: (result: QueriedResult) => void;
  readonly decided?: ServerEffects['decided'];
  readonly nodeId?: string;
  /** what it shares with others; by default a store of its own */
  readonly store?: TestStore;
  readonly cluster?: ClusterOptions;
  /** the store has refused a commit, for others have decided facts of it */
  readonly contradicted?: () => void;
  /** the test is the program that is asked about ops */
  readonly isScreened?: boolean;
}

/** What a message looks like once it left: to whom, and whether it was encoded once for several. */
export interface Sent {
  readonly conn: number;
  readonly message: ServerMessage;
  readonly isShared: boolean;
}

/** An engine between recorded effects: commits stay pending until the test says what became of them. */
export class TestNode {
  now = 1_800_000_000_000;
  engine: ServerEngine;
  readonly sent: Sent[] = [];
  readonly closed = new Map<number, number>();
  readonly pending: { readonly id: number; readonly batch: CommitBatch }[] = [];
  readonly batches: CommitBatch[] = [];
  readonly dedupReads: { readonly id: number; readonly names: readonly DedupName[] }[] = [];
  readonly verifying: { readonly conn: number; readonly token: string | undefined }[] = [];
  /** ops that the program was asked about */
  readonly asked: { readonly question: number; readonly op: Op }[] = [];
  /** ops that are durable, and their outcomes */
  readonly decisions: (readonly [seq: number, outcome: number])[] = [];
  readonly timers = new Map<string, number>();
  readonly rollbacks: RollbackProof[] = [];
  readonly resolverFaults: ResolverFault[] = [];
  readonly repaired = new Map<number, RepairResult>();
  /** durable facts of webhooks */
  readonly told: (readonly [name: string, value: unknown])[] = [];
  isDrained = false;
  /** of each message that comes */
  bytes = 0;
  onPoliciesStored: (version: number, isOurs: boolean) => void = () => undefined;
  /** times that a new life of the store was asked for */
  renewals = 0;
  /** set: the store was found to be a copy or an older state at the next start */
  renewedFrom: string | undefined;
  readonly #options: TestNodeOptions;
  readonly #store: TestStore;
  readonly #ops = new Map<number, OpsMessage['rows']>();
  #conns = 0;
  #calls = 0;

  constructor(options: TestNodeOptions = {}) {
    this.#options = options;
    this.#store = options.store ?? new TestStore();
    this.engine = this.#start();
  }

  /** A connected, authenticated device. */
  device(sub = 'ann', options: TestDeviceOptions = {}): TestDevice {
    const device = this.stranger(sub, options);
    device.auth();
    this.verify(device.principal);
    return device;
  }

  /** A device whose socket is open and that has said nothing yet. */
  stranger(sub = 'ann', options: TestDeviceOptions = {}): TestDevice {
    const conn = ++this.#conns;
    this.engine.opened(conn, { remote: 'test' }, this.now);
    return new TestDevice(this, conn, sub, options);
  }

  /** The rows of the last OPS frame of a connection. */
  lastOps(conn: number): OpsMessage['rows'] {
    return this.#ops.get(conn) ?? [];
  }

  receive(conn: number, message: ClientMessage): void {
    if (message.type === 'OPS') this.#ops.set(conn, message.rows);
    this.engine.message(conn, message, this.now, this.bytes);
  }

  /** Answers the oldest token check. */
  verify(principal: Principal): void {
    const asked = this.verifying.shift();
    if (asked !== undefined) this.engine.verified(asked.conn, { principal }, this.now);
  }

  tick(): void {
    this.engine.tick(this.now);
  }

  /** Says what became of the oldest pending commit. `stored` matters for `unknown` only. */
  complete(result: CommitResult = 'committed', stored = result === 'committed'): void {
    const commit = this.pending.shift();
    if (commit === undefined) throw new Error('No commit is pending.');
    const done = stored ? this.#store.apply(commit.batch) : { result, revision: 0 };
    const isTold = result === 'committed';
    // As a shell does it: what stands is known before the commit is known to be void.
    if (done.result === 'contradicted') this.#options.contradicted?.();
    this.engine.committed(commit.id, isTold ? done.result : result, this.now, isTold ? done.revision : 0);
  }

  /** Asks for a repair, and makes it durable unless the test wants to do that; undefined until it is. */
  repair(order: Omit<RepairOrder, 'by'>, isSettled = true): RepairResult | undefined {
    const call = ++this.#calls;
    this.engine.repairs.ask(call, { by: 'ops', ...order });
    if (isSettled) this.settle();
    return this.repaired.get(call);
  }

  /** Answers the oldest request for dedup rows. */
  answerDedup(): void {
    const asked = this.dedupReads.shift();
    if (asked === undefined) throw new Error('Nobody asked for dedup rows.');
    const states = asked.names.map(({ pid, clientId, session }) => {
      return this.#store.partitions.get(pid)?.dedupOf(clientId, session);
    });
    this.engine.dedupRead(asked.id, states, this.now);
  }

  /** Lets time pass and fires what is due, in order. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = [...this.timers].filter(([, at]) => at <= end).sort((a, b) => a[1] - b[1])[0];
      if (next === undefined) break;
      this.timers.delete(next[0]);
      this.now = Math.max(this.now, next[1]);
      this.engine.timer(next[0], this.now);
      this.tick();
    }
    this.now = end;
  }

  /** Ticks and completes commits until nothing is left to do. */
  settle(): void {
    for (let turn = 0; turn < 100; turn++) {
      this.tick();
      if (this.pending.length === 0) return;
      this.complete();
    }
    throw new Error('The engine does not come to rest.');
  }

  /** The batches of the store as it is now. */
  copyOfStore(): readonly CommitBatch[] {
    return [...this.#store.batches];
  }

  /** The process ends and starts again on what the store holds, or on what it held once. */
  restart(old?: readonly CommitBatch[]): void {
    if (old !== undefined) this.#store.reset(old);
    this.pending.length = 0;
    this.timers.clear();
    this.now += 1_000;
    this.engine = this.#start();
  }

  /** Ends the process in the middle of a commit, which the store has all the same, and starts it again. */
  crashAfter(batch: CommitBatch): void {
    this.#store.apply(batch);
    this.restart();
  }

  /** Ends the process, writes to its store past it, as an import would, and starts it again. */
  smuggle(records: readonly StoredRecord[]): void {
    this.#store.apply(commitOf(records));
    this.restart();
  }

  /** The new life that was asked for is durable. */
  renewed(incarnation: string): void {
    this.#store.incarnation = incarnation;
    this.engine.renewed(incarnation, this.now);
  }

  messages<T extends MessageType>(conn: number, type: T): MessageOf<T>[] {
    const found = this.sent.filter((sent) => sent.conn === conn && sent.message.type === type);
    return found.map(({ message }) => message as MessageOf<T>);
  }

  /** Sessions that the store has dedup rows of. */
  storedSessions(): string[] {
    return [...new Set(Array.from(this.#store.dedup(), ([, { session }]) => session))];
  }

  boot(): StoreBoot {
    const { renewedFrom } = this;
    return {
      ...this.#store.boot(),
      ...(renewedFrom !== undefined && { renewedFrom, renewedAtMs: this.now }),
    };
  }

  #start(): ServerEngine {
    const engine = new ServerEngine(
      {
        nodeId: this.#options.nodeId ?? 'node-1',
        ...(this.#options.cluster && { cluster: this.#options.cluster }),
        boot: this.boot(),
        publicUrl: this.#options.publicUrl,
        policies: this.#options.policies ?? ALL,
        resolvers: new Resolvers(this.#options.rules, this.#options.resolvers),
        isVolatile: (map) => this.#options.volatile?.includes(map) === true,
        ...(this.#options.queryPorts && { queryPorts: this.#options.queryPorts }),
        indexesOf: (map) => this.#options.indexes?.[map] ?? [],
        isScreened: this.#options.isScreened === true,
        random: () => 2 ** 31,
        mac: cursorMac,
        now: this.now,
        limits: { flushDelayMs: 0, ...this.#options.limits },
      },
      this.#effects(),
    );
    engine.load(
      [...this.#store.partitions.values()].flatMap((state) => [...state.records.values()]),
      this.#options.cluster === undefined ? this.#store.dedup() : [],
    );
    return engine;
  }

  #effects(): ServerEffects {
    return {
      send: (conn, message) => this.sent.push({ conn, message: structuredClone(message), isShared: false }),
      sendShared: (conns, message) => {
        for (const conn of conns) this.sent.push({ conn, message: structuredClone(message), isShared: true });
      },
      close: (conn, code) => this.closed.set(conn, code),
      verify: (conn, token) => this.verifying.push({ conn, token }),
      commit: (id, batch) => {
        this.pending.push({ id, batch });
        this.batches.push(batch);
      },
      readDedup: (id, names) => this.dedupReads.push({ id, names }),
      renew: () => {
        this.renewals++;
      },
      arm: (timer, delayMs) => this.timers.set(timer, this.now + delayMs),
      cancel: (timer) => this.timers.delete(timer),
      queried: (result) => this.#options.queried?.(result),
      decided: (op, entry) => {
        this.decisions.push([op.seq, entry.outcome]);
        this.#options.decided?.(op, entry);
      },
      screen: (question, op) => this.asked.push({ question, op }),
      rolledBack: (proof) => this.rollbacks.push(proof),
      repaired: (call, result) => this.repaired.set(call, result),
      policiesStored: (version, isOurs) => this.onPoliciesStored(version, isOurs),
      outboxStored: (facts) => {
        for (const [name, value] of facts) this.told.push([name, value]);
      },
      resolverFailed: (fault) => this.resolverFaults.push(fault),
      drained: () => {
        this.isDrained = true;
      },
    };
  }
}
