import type { ClusterFigures } from '../cluster/ClusterFigures.js';
import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

const COUNTED_EVENTS = {
  joined: ({ membership }: ClusterFigures) => membership.joins,
  fenced: ({ membership }: ClusterFigures) => membership.fences,
  took_over: ({ membership }: ClusterFigures) => membership.takeOvers,
  handed_over: ({ membership }: ClusterFigures) => membership.handedOver,
} as const;

/** A node of a cluster: who is there, who owns what, ops on their way to owners, and what is followed. Without a cluster all of it is absent. */
export function addClusterMetrics(set: MetricSet<Figures>): void {
  addMembershipMetrics(set);
  addForwardingMetrics(set);
  addFollowingMetrics(set);
}

function addMembershipMetrics(set: MetricSet<Figures>): void {
  set.gauges(
    'topgun_cluster_nodes',
    'state',
    'Nodes of the cluster, by state, as this one knows them.',
    ({ cluster }) => cluster && Object.entries(cluster.nodes),
  );
  set.gauges(
    'topgun_cluster_partitions',
    'kind',
    'Partitions, of 271: owned (by this node), moving (on their way to another node), unowned (by nobody that lives: their writes wait).',
    ({ cluster }) =>
      cluster && [
        ['owned', cluster.owned],
        ['moving', cluster.moving],
        ['unowned', cluster.unowned],
      ],
  );
  set.gauge(
    'topgun_cluster_map_version',
    'Version of the map of owners that this node goes by.',
    ({ cluster }) => cluster?.mapVersion,
  );
  set.gauge(
    'topgun_cluster_lease_age_seconds',
    'Since the renewal of its lease that was granted last; it fences itself at 6 s. Absent while it is no member.',
    ({ cluster }) => (cluster?.leaseAgeMs === undefined ? undefined : cluster.leaseAgeMs / 1000),
  );
  set.counters(
    'topgun_cluster_events_total',
    'event',
    'What this node did about its membership: joined (once, and after each fence), fenced (it owned nothing from then on), took_over (from a dead node, as the coordinator), handed_over (a partition, in order).',
    ({ cluster }) => cluster && Object.entries(COUNTED_EVENTS).map(([event, read]) => [event, read(cluster)]),
  );
}

function addForwardingMetrics(set: MetricSet<Figures>): void {
  set.gauges(
    'topgun_forwarded_pending_ops',
    'state',
    'Ops of clients of this node that other nodes own: sent (without an answer), waiting (there is no owner, or no way to it).',
    ({ cluster }) =>
      cluster && [
        ['sent', cluster.forwarding.unanswered - cluster.forwarding.waiting],
        ['waiting', cluster.forwarding.waiting],
      ],
  );
  set.gauge(
    'topgun_forwarded_pending_bytes',
    'Bytes of these ops, as they came.',
    ({ cluster }) => cluster?.forwarding.bytes,
  );
  set.gauge(
    'topgun_forwarded_held_answers',
    'Answers of owners that wait until this node has followed what they are about.',
    ({ cluster }) => cluster?.forwarding.heldAnswers,
  );
  set.gauge(
    'topgun_forwarded_guests',
    'Clients of other nodes that write to partitions of this one.',
    ({ cluster }) => cluster?.forwarding.guests,
  );
  set.counters(
    'topgun_forwarded_ops_total',
    'event',
    'Ops of clients of this node: sent to their owner, again (after a break, or to another owner), sent_back (NOT_OWNER), answered.',
    ({ cluster }) =>
      cluster && [
        ['sent', cluster.forwarding.sent],
        ['again', cluster.forwarding.again],
        ['sent_back', cluster.forwarding.sentBack],
        ['answered', cluster.forwarding.answered],
      ],
  );
  set.counter(
    'topgun_forwarded_wait_seconds_total',
    'From sending ops to their owner until it answered that they are durable, over all that were answered: divided by their number the time of a hop and a commit.',
    ({ cluster }) => cluster && cluster.forwarding.answeredMs / 1000,
  );
  set.counter(
    'topgun_forwarded_relays_total',
    'Frames handed on between two other nodes that have no link to each other.',
    ({ cluster }) => cluster?.forwarding.handedOn,
  );
}

function addFollowingMetrics(set: MetricSet<Figures>): void {
  set.gauge(
    'topgun_follow_behind',
    '1 while this node knows that something was committed that it has not read yet, else 0.',
    ({ cluster }) => cluster && (cluster.following.isBehind ? 1 : 0),
  );
  set.counters(
    'topgun_follow_records_total',
    'way',
    'Records of commits of other nodes, by the way they came: link, or database (where no link told them).',
    ({ cluster }) =>
      cluster && [
        ['link', cluster.following.fromLinks],
        ['database', cluster.following.fromDatabase],
      ],
  );
  set.counter(
    'topgun_follow_gaps_total',
    'Times that something was seen to be missing of a partition.',
    ({ cluster }) => cluster?.following.gaps,
  );
  set.counter(
    'topgun_follow_looks_total',
    'Times that the database was asked how far it is.',
    ({ cluster }) => cluster?.following.looks,
  );
}
