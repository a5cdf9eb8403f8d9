import { PARTITION_COUNT, partitionOf } from '@topgun/core';
import { ACK_LEVEL, OP, type OpRow, OUTCOME } from '@topgun/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ModelScope } from '../testing/ModelScope.js';
import { type Member, TestCluster } from '../testing/TestCluster.js';
import type { TestDevice } from '../testing/TestDevice.js';
import { TestNode } from '../testing/TestNode.js';

const KEYS = Array.from({ length: 12 }, (_, i) => `key-${i}`);
/** The partitions that ops are about; the rest go with the first of them. */
const PIDS = [...new Set(KEYS.map((key) => partitionOf(key)))];
const MAPS = ['todos', 'counts', 'tags'] as const;
const OWNERS = { limits: { flushOps: 4, deadMs: 1e12, authTimeoutMs: 1e12 } };

interface Sent {
  readonly map: (typeof MAPS)[number];
  readonly row: OpRow;
  readonly pid: number;
}

/** What clients, the network, the database and the owners of partitions do, drawn step by step; and what must hold in the end. */
class Story {
  readonly cluster: TestCluster;
  readonly sent: Sent[] = [];
  readonly #owner = new Map<number, Member | undefined>();
  readonly #writers: TestDevice[];
  readonly #models: ModelScope[];
  #seq = 0;

  constructor(count: number) {
    this.cluster = new TestCluster(count, OWNERS);
    const [first] = this.cluster.members as [Member];
    this.cluster.own(
      first,
      Array.from({ length: PARTITION_COUNT }, (_, pid) => pid),
    );
    for (const pid of PIDS) this.#owner.set(pid, first);
    const writer = { clientId: 'writer'.padEnd(22, '_'), session: 'writer_____' };
    this.#writers = this.cluster.members.map(({ node }) => node.device('ann', writer));
    const readers = this.cluster.members.map(({ node }, i) =>
      node.device('ben', { clientId: `reader-${i}`.padEnd(22, '_'), session: `reader-${i}`.padEnd(11, '_') }),
    );
    this.cluster.settle();
    this.#models = readers.map((reader) => new ModelScope(reader, 'todos'));
    for (const model of this.#models) model.sync();
  }

  #at(i: number): Member {
    return this.cluster.members[i % this.cluster.members.length] as Member;
  }

  step(kind: number, a: number, b: number): void {
    const { cluster } = this;
    const [one, other] = [this.#at(a), this.#at(b)];
    switch (kind) {
      case 0:
      case 1:
      case 2:
        return this.#write(a, b);
      case 3:
        // Sent again, to whoever.
        return this.#send(this.sent[a % Math.max(1, this.sent.length)], b);
      case 4:
      case 5:
        return one.node.tick();
      case 6:
      case 7:
        cluster.complete(one);
        return;
      case 8:
        cluster.complete(one, b % 2 === 0 ? 'failed' : 'unknown', b % 3 === 0);
        return;
      case 9:
      case 10:
        if (one !== other) cluster.deliver(one, other);
        return;
      case 11:
        if (one !== other) cluster.cut(one, other);
        return;
      case 12:
        if (one !== other) cluster.mend(one, other);
        return;
      case 13:
        if (one.wantsLook) cluster.look(one);
        return;
      case 14:
        one.node.pass(500);
        return;
      case 15:
        return this.#handOver(PIDS[a % PIDS.length] as number, other);
      default:
        return this.#takeOver(one, other);
    }
  }

  #write(a: number, b: number): void {
    const key = KEYS[a % KEYS.length] as string;
    const map = MAPS[b % MAPS.length] as (typeof MAPS)[number];
    const writer = this.#writers[0] as TestDevice;
    const seq = ++this.#seq;
    const [code, payload] =
      map === 'counts' ? [OP.INCREMENT, 1] : map === 'tags' ? [OP.OR_ADD, seq] : [OP.PUT, { seq }];
    const sent: Sent = {
      map,
      pid: partitionOf(key),
      row: [seq, code, 0, key, writer.stamp(), null, payload],
    };
    this.sent.push(sent);
    this.#send(sent, b);
  }

  #send(sent: Sent | undefined, at: number): void {
    if (sent === undefined) return;
    // Mostly to the owner.
    const owner = this.#owner.get(sent.pid);
    const i = at % 4 === 0 || owner === undefined ? at : this.cluster.members.indexOf(owner);
    this.#writers[i % this.#writers.length]?.ops([sent.map], [sent.row]);
  }

  #handOver(pid: number, to: Member): void {
    const from = this.#owner.get(pid);
    if (from === undefined || from === to || !from.side.isOwn(pid)) return;
    from.side.release([pid], () => {
      // Committed by the old owner itself; who gets it takes it over later.
      this.#owner.set(pid, to);
      this.cluster.own(to, [pid]);
    });
  }

  /** A node is given up for dead, and learns of it after its partitions have gone to another one. */
  #takeOver(dead: Member, to: Member): void {
    if (dead === to) return;
    const pids = [...this.#owner].flatMap(([pid, owner]) => (owner === dead ? [pid] : []));
    this.cluster.raiseFence(dead);
    this.cluster.own(to, pids);
    for (const pid of pids) this.#owner.set(pid, to);
    dead.side.fenced();
  }

  get isAnswered(): boolean {
    return this.sent.every(({ row }) => this.outcomeOf(row[0]) !== undefined);
  }

  outcomeOf(seq: number): number | undefined {
    for (const writer of this.#writers) {
      const answer = writer.answers.find(
        (one) => one.seq === seq && one.level === ACK_LEVEL.PERSISTED && one.outcome !== OUTCOME.REJECTED,
      );
      if (answer !== undefined) return answer.outcome;
    }
    return undefined;
  }

  /** Links are mended, and whatever was not answered is sent again until it is. */
  heal(): void {
    const { cluster } = this;
    for (const one of cluster.members)
      for (const other of cluster.members) if (one !== other) cluster.mend(one, other);
    cluster.settle();
    for (let round = 0; !this.isAnswered; round++) {
      if (round > 20) throw new Error('some ops are never answered');
      for (const sent of this.sent)
        if (this.outcomeOf(sent.row[0]) === undefined)
          for (let i = 0; i < this.#writers.length; i++) this.#writers[i]?.ops([sent.map], [sent.row]);
      cluster.settle();
    }
  }

  check(): void {
    const { store, members } = this.cluster;
    const fresh = new TestNode({ store }).engine;
    for (const map of MAPS)
      for (const { node, name } of members)
        expect([name, map, node.engine.rootOf(map)]).toEqual([name, map, fresh.rootOf(map)]);
    for (const { side } of members)
      for (const [pid, { high }] of store.sharedState(0).partitions)
        expect([pid, side.placeOf(pid)]).toEqual([pid, high]);
    for (const model of this.#models) {
      model.follow();
      expect(model.tree().rootHash()).toBe(fresh.rootOf('todos'));
    }
    // Each increment and each tag counts once, however often it was sent, and to whom.
    const records = [...store.partitions.values()].flatMap((state) => [...state.records.values()]);
    const total = records.reduce(
      (sum, { map, value }) => (map === 'counts' ? sum + (value as number[])[0]! : sum),
      0,
    );
    expect(total).toBe(this.sent.filter(({ map }) => map === 'counts').length);
    const tags = records.filter(({ map }) => map === 'tags').length;
    expect(tags).toBe(this.sent.filter(({ map }) => map === 'tags').length);
  }
}

describe('a cluster of engines', () => {
  it('[CLU-14] [CLU-16] [CLU-20] [CLU-21] [CLU-25] [S004-19] whatever happens between nodes, all end with the same records, devices follow, and no op counts twice or is lost', () => {
    const step = fc.tuple(fc.nat(16), fc.nat(255), fc.nat(255));
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 3 }),
        fc.array(step, { minLength: 20, maxLength: 150 }),
        (count, steps) => {
          const story = new Story(count);
          for (const [kind, a, b] of steps) story.step(kind, a, b);
          story.heal();
          story.check();
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 60) },
    );
  }, 120_000);
});
