import type { BusTimes } from '../bus/RedisBus.js';
import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** What carries topics between nodes, Redis or the links of a cluster; where there are no other nodes all of them are absent. */
export function addBusMetrics(set: MetricSet<Figures>): void {
  set.gauge(
    'topgun_bus_up',
    '1 while topics reach all nodes, 0 while Redis is away, at least in part; without Redis in a cluster, while a node is not linked or the database does not answer.',
    ({ topics }) => topics.bus && (topics.bus.status === 'ok' ? 1 : 0),
  );
  set.gauge(
    'topgun_bus_connections',
    'Connections to Redis masters: one each, and with redisReplicas another one; a constant number, whatever clients do. Without Redis in a cluster: nodes that are linked.',
    ({ topics }) => topics.bus?.connections,
  );
  set.counter(
    'topgun_bus_connection_errors_total',
    'Connections to Redis that were lost, or could not be made.',
    ({ topics }) => topics.bus?.connectionErrors,
  );
  set.counters(
    'topgun_bus_messages_total',
    'kind',
    'Messages of topics, by what became of them between this node and Redis, or the other nodes: published, received, deduplicated, refused, dropped, readded (Redis had lost them), unreadable.',
    ({ topics: { bus } }) =>
      bus && [
        ['published', bus.published],
        ['received', bus.received],
        ['deduplicated', bus.deduplicated],
        ['refused', bus.refused],
        ['dropped', bus.dropped],
        ['readded', bus.readded],
        ['unreadable', bus.unreadable],
      ],
  );
  set.gauge(
    'topgun_bus_waiting_messages',
    'Messages that wait for Redis, or for the database that keeps the logs of a cluster.',
    ({ topics }) => topics.bus?.waiting,
  );
  set.gauge('topgun_bus_waiting_bytes', 'Bytes of these messages.', ({ topics }) => topics.bus?.waitingBytes);
  set.counter(
    'topgun_bus_gaps_total',
    'Times that a log was read because live messages were missing, or might be.',
    ({ topics }) => topics.bus?.fills,
  );
  set.counter(
    'topgun_bus_lost_total',
    'Times that subscribers of a topic had to begin anew because messages between nodes were lost.',
    ({ topics }) => topics.bus?.lost,
  );
  set.gauges(
    'topgun_redis_memory_bytes',
    'master',
    'Memory that a Redis master says it uses, asked every ten seconds.',
    ({ topics }) => topics.bus?.memory.filter((entry): entry is [string, number] => entry[1] !== undefined),
  );
}

/** Buckets for what Redis answers: a fraction of a millisecond where nothing is wrong. */
const REDIS_S = [0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.03, 0.1, 0.3, 1, 3];

/** Times, taken as they come. */
export function busTimes(set: MetricSet<Figures>): BusTimes {
  const published = set.histogram(
    'topgun_bus_publish_seconds',
    'From publishing a message of a topic with a log until Redis, or the database of a cluster, has accepted it; with redisReplicas and a durable topic, until its replicas have it.',
    REDIS_S,
  );
  const heard = set.histogram(
    'topgun_bus_lag_seconds',
    'From publishing a message on any node until it comes here, by the clocks of both.',
    REDIS_S,
  );
  const answered = set.histograms(
    'topgun_redis_command_seconds',
    'command',
    'Answers of Redis: append (a message to a log), read, ends (of logs), publish, subscribe, replicas (waiting for them), ping (a message of this node to itself, each second), other.',
    REDIS_S,
  );
  return {
    busPublished: (ms) => published.observe(ms / 1000),
    busHeard: (ms) => heard.observe(ms / 1000),
    redisAnswered: (command, ms) => answered.labels(command).observe(ms / 1000),
  };
}
