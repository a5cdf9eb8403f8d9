import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** The JSON WebSocket: who is there, what goes in and out. */
export function addJsonSocketMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_ws_connections', 'JSON sockets open.', ({ live }) => live?.json?.connections);
  set.gauge('topgun_ws_users', 'Users with JSON sockets.', ({ live }) => live?.json?.users);
  set.gauge('topgun_ws_tenants', 'Tenants with JSON sockets.', ({ live }) => live?.json?.tenants);
  set.gauge(
    'topgun_ws_subscriptions',
    'Topics joined, of all JSON sockets together.',
    ({ live }) => live?.json?.joined,
  );
  set.counter('topgun_ws_accepted_total', 'JSON sockets taken in.', ({ live }) => live?.json?.accepted);
  set.counters('topgun_ws_frames_total', 'direction', 'Frames of JSON sockets, by direction.', ({ live }) => [
    ['in', live?.json?.framesIn ?? 0],
    ['out', live?.json?.framesOut ?? 0],
  ]);
  set.counters('topgun_ws_bytes_total', 'direction', 'Bytes of JSON sockets, by direction.', ({ live }) => [
    ['in', live?.json?.bytesIn ?? 0],
    ['out', live?.json?.bytesOut ?? 0],
  ]);
  set.counter(
    'topgun_ws_writes_total',
    'Writes to JSON sockets, each of all frames of a turn.',
    ({ live }) => live?.json?.writes,
  );
  set.counter(
    'topgun_ws_encoded_total',
    'Messages made JSON and framed, however many sockets hear them.',
    ({ live }) => live?.json?.encoded,
  );
  set.counter(
    'topgun_ws_auth_failures_total',
    'Tokens of JSON sockets that were refused.',
    ({ live }) => live?.json?.authFailures,
  );
  set.counters(
    'topgun_ws_closed_total',
    'code',
    'JSON sockets ended, by the close code of the server; peer: by the other side.',
    ({ live }) => live?.json?.closed,
  );
  set.counter(
    'topgun_ws_slow_closed_total',
    'JSON sockets closed because they did not take what they were sent.',
    ({ live }) => live?.json?.slowClosed,
  );
  set.counter(
    'topgun_ws_dropped_total',
    'Messages of topics without a log that a JSON socket did not get because it was behind.',
    ({ live }) => live?.json?.dropped,
  );
  set.gauge(
    'topgun_ws_unsent_bytes',
    'Bytes sent to JSON sockets that the network has not taken yet.',
    ({ live }) => live?.json?.unsentBytes,
  );
}
