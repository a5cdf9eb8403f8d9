import { collectDefaultMetrics } from 'prom-client';
import { CLUSTER_FAULTS } from '../cluster/ClusterView.js';
import { limitNames } from '../limits/table.js';
import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';
import { mapFamilies } from './mapFamilies.js';

/** An idle server wakes for nothing else as often: at the usual 10 ms, half of what it costs is this. A delay below it is not seen. */
const LOOP_LOOKS_EVERY_MS = 20;

/** Sockets: who comes, who goes, and what they bring and take. */
export function addConnectionMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_connections', 'Sockets open.', ({ transport }) => transport.connections);
  set.gauge(
    'topgun_connected_clients',
    'Sockets whose client is authenticated.',
    ({ engine }) => engine?.authenticated,
  );
  set.counter('topgun_connections_accepted_total', 'Sockets taken in.', ({ host }) => host.accepted);
  set.counters(
    'topgun_connections_rejected_total',
    'status',
    'WebSocket handshakes refused, by HTTP status.',
    ({ host }) => host.handshakesRefused,
  );
  set.counters(
    'topgun_connections_closed_total',
    'code',
    'Sockets ended, by the close code of the server; peer: by the other side.',
    ({ host }) => host.closed,
  );
  set.counters(
    'topgun_messages_received_total',
    'type',
    'Messages of clients that could be read, by type.',
    ({ host }) => host.messages,
  );
  set.counters('topgun_frames_total', 'direction', 'WebSocket messages, by direction.', ({ transport }) => [
    ['in', transport.framesIn],
    ['out', transport.framesOut],
  ]);
  set.counters(
    'topgun_bytes_total',
    'direction',
    'Bytes of WebSocket messages, by direction.',
    ({ transport }) => [
      ['in', transport.bytesIn],
      ['out', transport.bytesOut],
    ],
  );
  set.gauge(
    'topgun_event_queue_bytes',
    'Bytes sent to sockets that the network has not taken yet.',
    ({ transport }) => transport.unsentBytes,
  );
  set.counter(
    'topgun_slow_sockets_closed_total',
    'Sockets closed because they did not take what they were sent.',
    ({ transport }) => transport.slowClosed,
  );
}

/** The HTTP side of the main port. */
export function addHttpMetrics(set: MetricSet<Figures>): void {
  set.counters(
    'topgun_http_requests_total',
    'route',
    'HTTP requests answered, by route; static: a file of the app, none: nothing there.',
    ({ host }) => host.httpRequests,
  );
  set.counters(
    'topgun_http_answers_total',
    'status',
    'HTTP requests answered, by status.',
    ({ host }) => host.httpAnswers,
  );
}

/** Writes, up to the commit. */
export function addOpMetrics(set: MetricSet<Figures>): void {
  set.counters('topgun_ops_total', 'outcome', 'Ops decided, by outcome.', ({ engine }) =>
    engine === undefined
      ? []
      : [
          ['applied', engine.opsApplied],
          ['superseded', engine.opsSuperseded],
          ['duplicate', engine.opsDuplicate],
        ],
  );
  set.counters(
    'topgun_rejected_total',
    'code',
    'Messages and ops refused, by code; DENIED is what the permissions refused.',
    ({ engine }) => engine?.refused,
  );
  set.counters(
    'topgun_limits_hit_total',
    'limit',
    'How often a limit refused, cut or ended something, by its name in the guide to limits.',
    ({ engine, limitsHit }) =>
      limitNames.map((name) => [name, (limitsHit.get(name) ?? 0) + (engine?.limitsHit.get(name) ?? 0)]),
  );
  set.gauge(
    'topgun_backpressure_pending_ops',
    'Ops admitted and not yet durable, or waiting to be.',
    ({ engine }) => engine && engine.staged + engine.parked,
  );
  set.gauge(
    'topgun_backpressure_pending_bytes',
    'Bytes of these ops, as they came.',
    ({ engine }) => engine?.pendingBytes,
  );
  set.counters('topgun_commits_total', 'result', 'Commits, by result.', ({ engine }) =>
    engine === undefined
      ? []
      : [
          ['committed', engine.commits],
          ['failed', engine.commitsFailed],
          ['unknown', engine.commitsUnknown],
        ],
  );
}

/** What follows the writes: scopes, topics, queries and their indexes. */
export function addSubscriptionMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_scopes', 'Maps followed by clients.', ({ engine }) => engine?.scopes);
  set.gauge(
    'topgun_view_groups',
    'Followers of a map that see the same share one.',
    ({ engine }) => engine?.viewGroups,
  );
  set.counters(
    'topgun_syncs_total',
    'kind',
    'Maps and queries brought up to date on a device: equal, or by cursor, digest, merkle, snapshot.',
    ({ engine }) => engine && Object.entries(engine.syncs),
  );
  set.gauge('topgun_queries', 'Live queries of clients.', ({ engine }) => engine?.queries);
  set.gauge(
    'topgun_queries_shared',
    'Live queries maintained; equal ones under one view count once.',
    ({ engine }) => engine?.sharedQueries,
  );
  set.counters('topgun_query_work_total', 'kind', 'Work for live queries, by kind.', ({ engine }) =>
    engine === undefined
      ? []
      : [
          ['results', engine.queryResults],
          ['rows_examined', engine.queryRowsExamined],
          ['deltas', engine.queryDeltas],
        ],
  );
  set.gauge('topgun_indexes', 'Declared indexes of maps.', ({ engine }) => engine?.indexes);
  set.gauge(
    'topgun_indexes_building',
    'Declared indexes that are not complete yet and not used.',
    ({ engine }) => engine?.indexesBuilding,
  );
  set.counter(
    'topgun_topic_drops_total',
    'Messages of topics that a subscriber did not get because its socket was behind.',
    ({ engine }) => engine?.topicDrops,
  );
}

/** Topics, whichever door they are asked through. */
export function addTopicMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_topics', 'Topics with subscribers.', ({ topics }) => topics.topics);
  set.gauge('topgun_topic_subscriptions', 'Subscriptions of topics.', ({ topics }) => topics.subscriptions);
  set.counter(
    'topgun_topic_messages_total',
    'Messages published to topics at this node.',
    ({ topics }) => topics.published,
  );
  set.counter(
    'topgun_topic_deliveries_total',
    'Messages handed to subscribers as they came; histories are not counted.',
    ({ topics }) => topics.delivered,
  );
  set.counter(
    'topgun_topic_losses_total',
    'Times that the subscribers of a topic were told that messages are lost.',
    ({ topics }) => topics.lost,
  );
  set.gauge(
    'topgun_topic_log_messages',
    'Messages that logs of topics hold.',
    ({ topics }) => topics.log.messages,
  );
  set.gauge('topgun_topic_log_bytes', 'Bytes of these messages.', ({ topics }) => topics.log.bytes);
  set.counter(
    'topgun_topic_log_expired_total',
    'Messages forgotten because their time was over.',
    ({ topics }) => topics.log.expired,
  );
}

/** What is kept. */
export function addDataMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_maps', 'Maps known.', ({ engine }) => engine?.maps);
  set.gauge('topgun_records', 'Records in memory, deleted ones included.', ({ engine }) => engine?.records);
  set.gauges(
    'topgun_map_size_items',
    'map',
    'Items of maps, deleted ones included, by the first part of their names; the largest, and the rest as other.',
    ({ maps, mapFamiliesMax }) => (mapFamiliesMax === 0 ? [] : mapFamilies(maps, mapFamiliesMax).sizes),
  );
  set.gauge(
    'topgun_map_size_folded',
    'First parts of names of maps that count under other.',
    ({ maps, mapFamiliesMax }) => mapFamilies(maps, mapFamiliesMax).folded,
  );
  set.gauge(
    'topgun_store_log_bytes',
    'Bytes of the log of the embedded store not yet folded.',
    ({ store }) => store?.logBytes,
  );
  set.gauge(
    'topgun_store_snapshot_bytes',
    'Bytes of the snapshot of the embedded store.',
    ({ store }) => store?.snapshotBytes,
  );
  set.counters(
    'topgun_store_folds_total',
    'result',
    'Times the log of the embedded store was folded, by result.',
    ({ store }) =>
      store && [
        ['folded', store.folds],
        ['cut_short', store.foldsCutShort],
      ],
  );
  set.counter(
    'topgun_store_folding_seconds_total',
    'Time during which the log of the embedded store was being folded.',
    ({ store }) => store && store.foldingMs / 1000,
  );
  set.gauge(
    'topgun_store_disk_free_bytes',
    'Free bytes of the disk of the store.',
    ({ diskFreeBytes }) => diskFreeBytes,
  );
}

/** The process and its runtime: memory, CPU, event loop, garbage collection. */
export function addProcessMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_ready', '1 when /ready is 200, else 0.', ({ isReady }) => (isReady ? 1 : 0));
  set.gauges(
    'topgun_degraded',
    'reason',
    '1 while something is not as it should be, though the server goes on: DATABASE, FENCED, REDIS, LINKS, UNOWNED, as the guide to clusters explains them.',
    ({ degraded }) => CLUSTER_FAULTS.map((reason) => [reason, degraded.has(reason) ? 1 : 0]),
  );
  set.gauges('topgun_build_info', 'version', '1, for its label.', ({ version }) => [[version, 1]]);
  collectDefaultMetrics({
    register: set.registry,
    prefix: 'topgun_',
    eventLoopMonitoringPrecision: LOOP_LOOKS_EVERY_MS,
  });
}
