import { ACK_LEVEL, roundPositions } from '@topgun/protocol';
import { FollowService } from '@topgun/server/internal/cluster/FollowService';
import { ForwardedPeers } from '@topgun/server/internal/cluster/ForwardedPeers';
import { LookBook } from '@topgun/server/internal/cluster/LookBook';
import { Admission } from '@topgun/server/internal/engine/Admission';
import { Barrier } from '@topgun/server/internal/engine/cluster/Barrier';
import { ClusterSide } from '@topgun/server/internal/engine/cluster/ClusterSide';
import { Following } from '@topgun/server/internal/engine/cluster/Following';
import { Forwarding } from '@topgun/server/internal/engine/cluster/Forwarding';
import { isForwarded } from '@topgun/server/internal/engine/cluster/forwardedItems';
import { HeldAnswers } from '@topgun/server/internal/engine/cluster/HeldAnswers';
import { DedupSession } from '@topgun/server/internal/engine/DedupTable';
import type { Op } from '@topgun/server/internal/engine/Op';
import { Staging } from '@topgun/server/internal/engine/Staging';
import { ViewGroup } from '@topgun/server/internal/engine/ViewGroup';
import { Fences } from '../../nodes/Fences.js';
import { Membership } from '../../nodes/Membership.js';
import { NodeProcess } from '../../nodes/NodeProcess.js';
import { SimDatabase } from '../../nodes/SimDatabase.js';
import { CLUSTER } from '../../profiles/cluster.js';
import type { PlantedBug } from '../PlantedBug.js';
import { all } from '../PlantedBug.js';
import { replaceMethod } from '../replaceMethod.js';

const profile = CLUSTER.name;
const START = { epoch: 0, n: 0 };

/** Mistakes of what the database does with a commit, a fence, a lease. */
const ofDatabase: readonly PlantedBug[] = [
  {
    name: 'commit without a look at the fence',
    profile,
    plant: () =>
      all(
        replaceMethod(Fences, 'share', () => (_name, _number, begin) => begin(true)),
        replaceMethod(Fences, 'done', () => () => undefined),
      ),
  },
  {
    name: 'fence looked at and not held (no FOR SHARE)',
    profile,
    plant: () =>
      all(
        replaceMethod(
          Fences,
          'share',
          () =>
            function (this: Fences, name, number, begin) {
              begin(this.numberOf(name) === number);
            },
        ),
        replaceMethod(Fences, 'done', () => () => undefined),
      ),
  },
  {
    name: 'number of the fence read, and then shown',
    profile,
    plant: () =>
      replaceMethod(
        SimDatabase,
        'commit',
        (commit) =>
          function (this: SimDatabase, by, _number, batch, done) {
            commit.call(this, by, this.fences.numberOf(by.name), batch, done);
          },
      ),
  },
  {
    name: 'take-over that leaves the fence as it is',
    profile,
    plant: () =>
      replaceMethod(
        Fences,
        'raise',
        (raise) =>
          function (this: Fences, name, holder) {
            return holder.startsWith('taken over') ? this.numberOf(name) : raise.call(this, name, holder);
          },
      ),
  },
  {
    name: 'commit of which nothing was heard not settled',
    profile,
    plant: () =>
      replaceMethod(
        SimDatabase,
        'raise',
        () =>
          function (this: SimDatabase, { name, boot }, done) {
            done(this.fences.holderOf(name) === boot ? this.fences.numberOf(name) : undefined);
          },
      ),
  },
  {
    name: 'epoch given twice',
    profile,
    plant: () =>
      replaceMethod(
        Membership,
        'nextEpoch',
        () =>
          function (this: Membership, pid) {
            return Math.max(1, this.ownerOf(pid).epoch);
          },
      ),
  },
];

/** Mistakes about who owns what. */
const ofOwners: readonly PlantedBug[] = [
  {
    name: 'lease by the wall clock of the node',
    profile,
    plant: () =>
      replaceMethod(
        NodeProcess,
        'monoMs',
        () =>
          function (this: NodeProcess) {
            return this.wallMs();
          },
      ),
  },
  {
    name: 'hand-over while ops are taken in',
    profile,
    plant: () => replaceMethod(ClusterSide, 'release', () => (_pids, done) => done()),
  },
  {
    name: 'node that takes in and answers ops of partitions it has lost',
    profile,
    plant: () =>
      replaceMethod(
        ClusterSide,
        'lost',
        () =>
          function (this: ClusterSide, pids) {
            this.resume(pids);
          },
      ),
  },
  {
    name: 'fenced node that goes on',
    profile,
    plant: () => replaceMethod(ClusterSide, 'fenced', () => () => undefined),
  },
  {
    name: 'take-over without dedup rows',
    profile,
    plant: () => replaceMethod(ClusterSide, 'remember', () => () => undefined),
  },
  {
    name: 'take-over without catching up',
    profile,
    plant: () => {
      let isOwning = false;
      return all(
        replaceMethod(
          FollowService,
          'own',
          (own) =>
            function (this: FollowService, grants) {
              isOwning = true;
              const owned = own.call(this, grants);
              isOwning = false;
              return owned;
            },
        ),
        replaceMethod(
          LookBook,
          'look',
          (look) =>
            function (this: LookBook) {
              return isOwning ? Promise.resolve() : look.call(this);
            },
        ),
      );
    },
  },
];

/** Mistakes about what other nodes hear. */
const ofFollowers: readonly PlantedBug[] = [
  {
    name: 'commit told to others before it is one',
    profile,
    plant: () =>
      replaceMethod(
        FollowService,
        'commit',
        (commit) =>
          function (this: FollowService, batch) {
            const slices = batch.slices.map(({ pid, high, records }) => ({
              ...{ pid, records },
              from: START,
              to: high,
            }));
            this.feed({ slices });
            return commit.call(this, batch);
          },
      ),
  },
  {
    name: 'gap in what is followed ignored',
    profile,
    plant: () =>
      replaceMethod(
        Following,
        'take',
        (take) =>
          function (this: Following, slices) {
            take.call(
              this,
              slices.map((slice) => ({ ...slice, from: START })),
            );
          },
      ),
  },
  {
    name: 'standing not told when a link begins',
    profile,
    plant: () => replaceMethod(ClusterSide, 'standing', () => () => ({ places: [], revision: 0 })),
  },
  {
    name: 'places rounded as if partitions shared their epochs',
    profile,
    plant: () =>
      replaceMethod(
        ViewGroup,
        'positions',
        (positions) =>
          function (this: ViewGroup) {
            return roundPositions(positions.call(this));
          },
      ),
  },
  {
    name: 'session served before the node knows all',
    profile,
    plant: () => replaceMethod(Barrier, 'holds', () => () => false),
  },
  {
    name: 'session served while nobody knows what became of a flush',
    profile,
    plant: () => replaceMethod(Staging, 'isSettled', () => () => true),
  },
];

/** Mistakes about ops on their way. */
const ofWays: readonly PlantedBug[] = [
  {
    name: 'op that came over a node executed again',
    profile,
    plant: () => {
      let isOverNode = false;
      return all(
        replaceMethod(
          Admission,
          'admit',
          (admit) =>
            function (this: Admission, op, now) {
              isOverNode = isForwarded(op.conn.id);
              const fault = admit.call(this, op, now);
              isOverNode = false;
              return fault;
            },
        ),
        ...(['find', 'staged'] as const).map((name) =>
          replaceMethod(
            DedupSession<Op>,
            name,
            (shipped) =>
              function (this: DedupSession<Op>, seq) {
                return isOverNode ? undefined : shipped.call(this, seq);
              },
          ),
        ),
      );
    },
  },
  {
    name: 'id of an op made anew by each link it comes over',
    profile,
    plant: () => {
      const names = new Map<object, number>();
      return replaceMethod(
        ForwardedPeers,
        'asked',
        (asked) =>
          function (this: ForwardedPeers, inlet, item) {
            const link = names.get(inlet) ?? names.size;
            names.set(inlet, link);
            const own = (id: string): string => `${id.slice(0, -1)}${link % 10}`;
            asked.call(this, inlet, item.ask === 'open' ? { ...item, clientId: own(item.clientId) } : item);
          },
      );
    },
  },
  {
    name: 'op that its owner has not made durable answered as if it were',
    profile,
    plant: () =>
      replaceMethod(
        Forwarding,
        'answered',
        (answered) =>
          function (this: Forwarding, route, item) {
            const isEarly = item.say === 'message' && item.message.type === 'OP_ACK';
            const message = isEarly && { ...item.message, level: ACK_LEVEL.PERSISTED };
            answered.call(this, route, message ? { ...item, message } : item);
          },
      ),
  },
  {
    name: 'answer passed on before the gateway has followed',
    profile,
    plant: () =>
      replaceMethod(
        HeldAnswers,
        'take',
        (take) =>
          function (this: HeldAnswers, conn, answer, ops) {
            // While it is looked at, the answer seems to be about what everybody has reached.
            let isLookedAt = true;
            const seeming = new Proxy(answer, {
              get: (target, name) =>
                name === 'epoch' && isLookedAt ? 0 : (Reflect.get(target, name) as unknown),
            });
            const passed = Object.assign([...ops], {
              *[Symbol.iterator]() {
                isLookedAt = false;
                yield* ops;
              },
            });
            take.call(this, conn, seeming, passed);
          },
      ),
  },
  {
    name: 'ops staged for a partition that went away forgotten',
    profile,
    plant: () => replaceMethod(Forwarding, 'take', () => () => undefined),
  },
  {
    name: 'ops on a route that was lost not sent again',
    profile,
    plant: () => replaceMethod(Forwarding, 'routeLost', () => () => undefined),
  },
];

/** Several nodes over one database. */
export const cluster: readonly PlantedBug[] = [...ofDatabase, ...ofOwners, ...ofFollowers, ...ofWays];
