import type { LiveFigures } from '../doors/LiveDoors.js';
import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Connections that doors hold open: event streams, listeners of the message bridge, JSON sockets. */
export function addDoorMetrics(set: MetricSet<Figures>): void {
  const ofDoors = (
    { live }: Figures,
    read: (door: LiveFigures['doors']['sse']) => number,
  ): [string, number][] => Object.entries(live?.doors ?? {}).map(([door, figures]) => [door, read(figures)]);
  set.gauges('topgun_door_connections', 'door', 'Connections that a door holds open.', (figures) =>
    ofDoors(figures, ({ active }) => active),
  );
  set.gauges('topgun_door_users', 'door', 'Subjects of tokens with connections at a door.', (figures) =>
    ofDoors(figures, ({ users }) => users),
  );
  set.gauges('topgun_door_addresses', 'door', 'Addresses with connections at a door.', (figures) =>
    ofDoors(figures, ({ addresses }) => addresses),
  );
  set.gauge(
    'topgun_held_unsent_bytes',
    'Bytes of event streams that the network has not taken yet.',
    ({ live }) => live?.held.unsentBytes,
  );
  set.counter('topgun_held_writes_total', 'Writes to event streams.', ({ live }) => live?.held.writes);
  set.counter('topgun_held_bytes_total', 'Bytes written to event streams.', ({ live }) => live?.held.bytes);
  set.counter(
    'topgun_held_slow_closed_total',
    'Event streams cut because they did not take what they were sent.',
    ({ live }) => live?.held.slowClosed,
  );
  set.counter(
    'topgun_held_dropped_total',
    'Messages of topics without a log that an event stream did not get because it was behind.',
    ({ live }) => live?.held.dropped,
  );
}
