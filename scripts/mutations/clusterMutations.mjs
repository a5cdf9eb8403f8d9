const OWNERSHIP = 'packages/server/src/engine/ownership/Ownership.ts';
const OWNERSHIP_TEST = 'packages/server/src/engine/ownership/Ownership.test.ts';
const FORWARDING = 'packages/server/src/engine/cluster/Forwarding.ts';
const FORWARDING_TEST = 'packages/server/src/engine/cluster/Forwarding.test.ts';
const FOLLOWING = 'packages/server/src/engine/cluster/Following.ts';
const FOLLOWING_TEST = 'packages/server/src/engine/cluster/Following.test.ts';
const SIDE = 'packages/server/src/engine/cluster/ClusterSide.ts';

/** Mistakes of nodes of a cluster; see `mutations.mjs`. */
export const clusterMutations = [
  {
    id: 'O3',
    name: 'nobody looks when the lease of another ends',
    file: OWNERSHIP,
    find: 'if (name !== this.#node && leftMs > 0) state.pulseAt = Math.min(state.pulseAt, now + leftMs);',
    replace: ';',
    test: OWNERSHIP_TEST,
    title: 'looks again when the lease of another ends',
  },
  {
    id: 'O3',
    name: 'nodes are taken for dead as soon as the database answers again',
    file: OWNERSHIP,
    find: 'if (now - state.heardAt > leaseMs * BLIND) state.graceUntilAt = now + leaseMs;',
    replace: '',
    test: OWNERSHIP_TEST,
    title: 'takes over whose lease has run out, but not before it has heard the database for a whole lease',
  },
  {
    id: 'O4',
    name: 'a node counts its life from the answer on',
    file: OWNERSHIP,
    find: 'state.aliveUntilAt = Math.max(state.aliveUntilAt, sentAt + this.#bounds.fenceMs);',
    replace: 'state.aliveUntilAt = now + this.#bounds.fenceMs;',
    test: OWNERSHIP_TEST,
    title: 'fences itself six seconds after it sent the last renewal that was granted',
  },
  {
    id: 'O4',
    name: 'an owner takes any epoch',
    file: SIDE,
    find: 'if (epoch <= partition.committed.epoch)',
    replace: 'if (epoch < 0)',
    test: FOLLOWING_TEST,
    title: 'offsets rise from owner to owner, and an epoch that is not above the place is refused',
  },
  {
    id: 'O4',
    name: 'who is not the owner keeps what it is sent',
    file: FORWARDING,
    find: 'if (this.#isElsewhere(pid, op.version)) bounced.push(op);',
    replace: 'if (pid < 0) bounced.push(op);',
    test: FORWARDING_TEST,
    title: 'come back from who is not the owner any more, and go to who is, whoever hears of it first',
  },
  {
    id: 'O5',
    name: 'a hand-over of which nothing was heard is taken for none',
    file: OWNERSHIP,
    find: "state.giving = { ...state.giving, stage: 'UNSURE' };",
    replace: 'state.giving = undefined;',
    test: OWNERSHIP_TEST,
    title: 'a hand-over without an answer is made void before anything goes on',
  },
  {
    id: 'O5',
    name: 'what is staged of a lost partition stays staged',
    file: SIDE,
    find: 'this.#parts.staging.drop((pid) => some.has(pid), this.#parts.wall.nowMs);',
    replace: '',
    test: FOLLOWING_TEST,
    title:
      'what is staged of a partition that is lost is discarded, and its op has one effect at the new owner',
  },
  {
    id: 'O5',
    name: 'ops are taken in past those that wait',
    file: FORWARDING,
    find: 'else if (!this.#lines.has(pid) && this.#ports.takes(pid)) own.push(row);',
    replace: 'else if (this.#ports.takes(pid)) own.push(row);',
    test: FORWARDING_TEST,
    title: 'go on here when this node becomes the owner, before those that come later',
  },
  {
    id: 'O5',
    name: 'answers of a link that broke are waited for',
    file: FORWARDING,
    find: 'this.#look(this.#lines.pids().filter((pid) => this.#unsend(pid, route)));',
    replace: '',
    test: FORWARDING_TEST,
    title: 'without an answer are sent again when the link comes back, and have their effect once',
  },
  {
    id: 'O5',
    name: 'an answer goes out before its node knows of it',
    file: 'packages/server/src/engine/cluster/HeldAnswers.ts',
    find: 'return places.filter((place) => !this.#hasReached(...place));',
    replace: 'return places.slice(places.length);',
    test: FORWARDING_TEST,
    title: 'are answered when their node has followed the partition up to them',
  },
  {
    id: 'O6',
    name: 'what lies behind a gap is taken',
    file: FOLLOWING,
    find: 'if (waiting === undefined && compareOffsets(slice.from, partition.committed) <= 0) ready.push(slice);',
    replace: 'if (waiting === undefined) ready.push(slice);',
    test: FOLLOWING_TEST,
    title: 'a slice that does not begin where the follower stands is made good from the database',
  },
];
