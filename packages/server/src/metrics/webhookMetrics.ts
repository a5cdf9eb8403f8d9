import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Events that come in, and events that are sent out. */
export function addWebhookMetrics(set: MetricSet<Figures>): void {
  set.counters(
    'topgun_webhooks_received_total',
    'result',
    'Events sent to POST /webhooks, by what became of them.',
    ({ host }) => host.webhooksIn,
  );
  set.counters(
    'topgun_webhooks_sent_total',
    'result',
    'Tries to deliver an event outside, by result; dead: given up.',
    ({ host }) => host.webhooksOut,
  );
  set.gauge(
    'topgun_webhook_subscriptions',
    'Addresses that are told of events.',
    ({ webhooks }) => webhooks.subscriptions,
  );
  set.gauge(
    'topgun_webhooks_waiting',
    'Deliveries that wait or are being tried.',
    ({ webhooks }) => webhooks.waiting,
  );
  set.gauge('topgun_webhooks_dead', 'Dead letters.', ({ webhooks }) => webhooks.dead);
  set.counter(
    'topgun_webhooks_dropped_total',
    'Deliveries that found no room to wait.',
    ({ webhooks }) => webhooks.dropped,
  );
}
