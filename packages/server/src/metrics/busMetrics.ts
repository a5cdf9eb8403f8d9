import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Redis, where it carries topics between nodes; without one all of them are absent. */
export function addBusMetrics(set: MetricSet<Figures>): void {
  set.gauge(
    'topgun_bus_up',
    '1 while Redis carries topics, 0 while it is away, at least in part.',
    ({ topics }) => topics.bus && (topics.bus.status === 'ok' ? 1 : 0),
  );
  set.gauge(
    'topgun_bus_connections',
    'Connections to Redis masters.',
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
    'Messages of topics, by what became of them between this node and Redis: published, received, deduplicated, refused, dropped, readded (Redis had lost them), unreadable.',
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
    'Messages that wait for Redis.',
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
  set.counter(
    'topgun_bus_publish_seconds_total',
    'Time until Redis accepted messages of topics with a log; by the rate of published, the mean.',
    ({ topics }) => topics.bus && topics.bus.publishMs / 1_000,
  );
  set.counter(
    'topgun_bus_lag_seconds_total',
    'Time from the acceptance of messages until this node received them, by the clocks of both; by the rate of received, the mean.',
    ({ topics }) => topics.bus && topics.bus.lagMs / 1_000,
  );
}
