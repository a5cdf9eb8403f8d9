import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Client ids of one connection: an app has one, a wallet one for each app it is connected to. */
export const CLIENT_IDS = [1, 2, 3, 4, 5, 10, 20, 30, 40, 50, 100];

/** The message bridge, under the names that dashboards of bridges know, one of which is misspelt. Nothing is counted where it is off. */
export function addBridgeMetrics(set: MetricSet<Figures>): void {
  for (const name of ['number_of_acitve_connections', 'number_of_active_connections'])
    set.gauge(name, 'Listeners of the message bridge.', ({ live }) => live?.bridge?.connections);
  set.gauge(
    'number_of_active_subscriptions',
    'Client ids of all listeners of the message bridge.',
    ({ live }) => live?.bridge?.subscriptions,
  );
  set.counter(
    'number_of_transfered_messages',
    'Messages that the bridge accepted.',
    ({ live }) => live?.bridge?.transferred,
  );
  set.counter(
    'number_of_delivered_messages',
    'Messages that the bridge wrote to listeners.',
    ({ live }) => live?.bridge?.delivered,
  );
  set.counter(
    'number_of_expired_messages',
    'Messages of the logs of all topics, mailboxes among them, whose time was over.',
    ({ live, topics }) => live?.bridge && topics.log.expired,
  );
  set.counter(
    'number_of_bad_requests',
    'Requests that the bridge refused because of what they asked for.',
    ({ live }) => live?.bridge?.badRequests,
  );
  set.counters(
    'bridge_token_usage',
    'token',
    'Requests that were not held to the limits of the bridge, by fingerprint of the token.',
    ({ live }) => live?.bridge?.tokenUses,
  );
  set.counter(
    'topgun_bridge_posts_left_out_total',
    'Posts to webhooks and the copy address of the bridge that were left out because too many were under way.',
    ({ live }) => live?.bridge?.postsLeftOut,
  );
  set.gauge('bridge_health_status', '1 while the bridge answers.', ({ live }) => live?.bridge && 1);
  set.gauge(
    'bridge_ready_status',
    '1 while the bridge takes clients in, else 0.',
    ({ live, isReady }) => live?.bridge && Number(isReady),
  );
  set.info('bridge_info', ['engine', 'version', 'storage'], '1, for its labels.', ({ live, version }) =>
    live?.bridge === undefined ? undefined : { engine: 'topgun', version, storage: live.bridge.storage },
  );
}
