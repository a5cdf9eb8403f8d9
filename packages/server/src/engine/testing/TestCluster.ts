import { PARTITION_COUNT } from '@topgun/core';
import { commitFrame, feedOf } from '../../cluster/feedFrames.js';
import { selectChanges } from '../../storage/PartitionState.js';
import type { CommitResult } from '../../storage/Store.js';
import type { ClusterSide } from '../cluster/ClusterSide.js';
import type { Feed } from '../cluster/ports.js';
import { TestNode, type TestNodeOptions } from './TestNode.js';
import { TestStore } from './TestStore.js';

type Told =
  | { readonly say: 'commit'; readonly feed: Feed }
  | { readonly say: 'standing'; readonly standing: ReturnType<ClusterSide['standing']> }
  | { readonly say: 'asked' | 'answered'; readonly round: number };

/** Rows of one read: few, so that partitions take several. */
const PAGE = 3;

/** One node, and what the database and the links know of it. */
export class Member {
  readonly name: string;
  readonly node: TestNode;
  /** frames on their way to it, by sender */
  readonly inbox = new Map<string, Told[]>();
  /** rounds of questions, and who has not answered yet */
  readonly rounds = new Map<number, Set<string>>();
  wantsLook = false;
  /** looks that somebody waits for */
  readonly calls: number[] = [];
  /** commits that come to nothing, for the fence was raised while they ran */
  readonly void = new Set<unknown>();

  constructor(name: string, node: TestNode) {
    this.name = name;
    this.node = node;
  }

  get side(): ClusterSide {
    const side = this.node.engine.cluster;
    if (side === undefined) throw new Error('no node of a cluster');
    return side;
  }
}

/** Several engines over one store, and links between them whose every frame is delivered by the test. */
export class TestCluster {
  readonly store = new TestStore();
  readonly members: readonly Member[];
  readonly #cut = new Set<string>();
  readonly #options: TestNodeOptions;
  #epoch = 1_800_000_000_000;

  constructor(count: number, options: TestNodeOptions = {}) {
    this.#options = options;
    const members: Member[] = [];
    for (let i = 0; i < count; i++) members.push(this.#made(`node-${i}`, () => members[i] as Member));
    this.members = members;
    for (const from of members) for (const to of members) if (from !== to) to.inbox.set(from.name, []);
  }

  #made(name: string, self: () => Member): Member {
    const node = new TestNode({
      ...this.#options,
      nodeId: name,
      store: this.store,
      contradicted: () => this.look(self()),
      cluster: {
        // Whoever sends an op to the wrong node sends it to another one.
        elsewhere: { take: () => 'UNAVAILABLE', opened: () => undefined },
        effects: {
          feed: (feed) => this.#broadcast(self(), { say: 'commit', feed: feedOf(commitFrame(feed)) }),
          look: () => {
            self().wantsLook = true;
          },
          lookFor: (call) => self().calls.push(call),
          ask: (round) => this.#ask(self(), round),
        },
      },
    });
    return new Member(name, node);
  }

  member(at: number): Member {
    return this.members[at] as Member;
  }

  /** A higher epoch than all before it. */
  get nextEpoch(): number {
    return ++this.#epoch;
  }

  isLinked(a: Member, b: Member): boolean {
    return !this.#cut.has([a.name, b.name].sort().join());
  }

  /** What is on its way between them is lost. */
  cut(a: Member, b: Member): void {
    this.#cut.add([a.name, b.name].sort().join());
    a.inbox.set(b.name, []);
    b.inbox.set(a.name, []);
    for (const [self, peer] of [
      [a, b],
      [b, a],
    ] as const)
      for (const [round, waiting] of self.rounds) {
        if (waiting.delete(peer.name)) this.look(self);
        this.#settle(self, round);
      }
  }

  mend(a: Member, b: Member): void {
    if (!this.#cut.delete([a.name, b.name].sort().join())) return;
    this.#tell(a, b, { say: 'standing', standing: structuredClone(a.side.standing()) });
    this.#tell(b, a, { say: 'standing', standing: structuredClone(b.side.standing()) });
  }

  /** Delivers the oldest frame from one node to another; false when there is none. */
  deliver(from: Member, to: Member): boolean {
    const told = to.inbox.get(from.name)?.shift();
    if (told === undefined) return false;
    if (told.say === 'commit') to.side.followed(told.feed);
    else if (told.say === 'standing') to.side.heard(told.standing.places, told.standing.revision);
    else if (told.say === 'asked') this.#tell(to, from, { say: 'answered', round: told.round });
    else {
      to.rounds.get(told.round)?.delete(from.name);
      this.#settle(to, told.round);
    }
    return true;
  }

  /** Reads what the database has and the node does not. */
  look(member: Member): void {
    member.wantsLook = false;
    const { side } = member;
    const state = structuredClone(this.store.sharedState(side.revision));
    for (const pid of side.looked(state)) {
      for (let isAll = false; !isAll; ) {
        const records = this.store.partitions.get(pid)?.records.values() ?? [];
        const page = structuredClone(selectChanges(records, side.placeOf(pid), PAGE));
        isAll = page.length < PAGE;
        side.filled(pid, page, isAll ? state.partitions.get(pid) : undefined);
      }
    }
  }

  /** Takes partitions over: everything that was committed in them is read first (CLU-14). */
  own(member: Member, pids: readonly number[], epoch = this.nextEpoch): void {
    this.look(member);
    for (const pid of pids)
      member.side.remember(pid, structuredClone([...(this.store.partitions.get(pid)?.liveDedup() ?? [])]));
    member.side.own(pids.map((pid) => ({ pid, epoch })));
    this.#broadcast(member, { say: 'standing', standing: structuredClone(member.side.standing()) });
  }

  ownAll(member: Member): void {
    this.own(
      member,
      Array.from({ length: PARTITION_COUNT }, (_, pid) => pid),
    );
  }

  /** The fence of a node is raised: commits of it that run come to nothing. */
  raiseFence({ node, void: gone }: Member): void {
    for (const { batch } of node.pending) gone.add(batch);
  }

  /** Says what became of the oldest commit of a node, if there is one. */
  complete(member: Member, result: CommitResult = 'committed', isStored = result === 'committed'): boolean {
    const [commit] = member.node.pending;
    if (commit === undefined) return false;
    if (member.void.has(commit.batch)) member.node.complete('failed');
    else member.node.complete(result, isStored);
    while (member.node.dedupReads.length > 0) member.node.answerDedup();
    return true;
  }

  /** Everything that runs is done, everything on its way is delivered, what is missing is read. */
  settle(): void {
    for (let round = 0; round < 1_000; round++) {
      let isBusy = false;
      for (const member of this.members) {
        member.node.tick();
        isBusy = this.complete(member) || isBusy;
        if (member.node.timers.has('readmit')) {
          member.node.pass(10_000);
          isBusy = true;
        }
        for (const from of this.members) while (this.deliver(from, member)) isBusy = true;
        if (member.wantsLook || member.calls.length > 0) {
          const calls = member.calls.splice(0);
          this.look(member);
          for (const call of calls) member.side.lookDone(call, true);
          isBusy = true;
        }
      }
      if (
        !isBusy &&
        this.members.every(({ inbox }) => [...inbox.values()].every(({ length }) => length === 0))
      )
        return;
    }
    throw new Error('The cluster does not come to rest.');
  }

  /** Who is not linked is passed over by the database. */
  #ask(member: Member, round: number): void {
    const peers = this.members.filter((peer) => peer !== member && this.isLinked(peer, member));
    member.rounds.set(round, new Set(peers.map(({ name }) => name)));
    for (const peer of peers) this.#tell(member, peer, { say: 'asked', round });
    if (peers.length < this.members.length - 1) this.look(member);
    this.#settle(member, round);
  }

  #settle(member: Member, round: number): void {
    if (member.rounds.get(round)?.size !== 0) return;
    member.rounds.delete(round);
    member.side.known(round);
  }

  #broadcast(from: Member, told: Told): void {
    for (const to of this.members) if (to !== from) this.#tell(from, to, told);
  }

  #tell(from: Member, to: Member, told: Told): void {
    if (this.isLinked(from, to)) to.inbox.get(from.name)?.push(structuredClone(told));
  }
}
