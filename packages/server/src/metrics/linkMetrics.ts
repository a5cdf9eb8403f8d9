import { linkChannels } from '../cluster/links/channels.js';
import type { Figures } from './figures.js';
import type { MetricSet } from './MetricSet.js';

/** Links to the other nodes of a cluster; without one all of them are absent. */
export function addLinkMetrics(set: MetricSet<Figures>): void {
  set.gauge('topgun_links', 'Other nodes that this one is linked to.', ({ links }) => links?.up);
  set.gauge(
    'topgun_links_whole',
    '1 while every other node of the map is linked, 0 while one is not.',
    ({ links }) => links && (links.isWhole ? 1 : 0),
  );
  set.counters(
    'topgun_link_messages_total',
    'channel',
    'Messages to other nodes, by what they are about.',
    ({ links }) => links && linkChannels.map((channel) => [channel, links.sent[channel]]),
  );
  set.counters(
    'topgun_link_messages_received_total',
    'channel',
    'Messages from other nodes, by what they are about.',
    ({ links }) => links && linkChannels.map((channel) => [channel, links.received[channel]]),
  );
  set.counters(
    'topgun_link_bytes_total',
    'direction',
    'Bytes of messages between nodes, by direction.',
    ({ links }) =>
      links && [
        ['in', links.bytesIn],
        ['out', links.bytesOut],
      ],
  );
  set.gauge(
    'topgun_link_waiting_bytes',
    'Bytes sent to other nodes that the network has not taken yet.',
    ({ links }) => links?.waitingBytes,
  );
  set.counters(
    'topgun_links_ended_total',
    'reason',
    'Links that ended: silence (nothing came for 3 s), queue (the other node did not take what it was sent), replaced (by another link), left (the other node stopped), broken (the connection was lost), reader (what came could not be taken in), closed (this node stopped).',
    ({ links }) => links && Object.entries(links.ended),
  );
  set.counters(
    'topgun_links_refused_total',
    'reason',
    'Handshakes between nodes that failed, on either side: secret (not the same), version (nothing in common), name (another node than was dialled), malformed, late.',
    ({ links }) => links && Object.entries(links.refused),
  );
  set.counter(
    'topgun_links_unreached_total',
    'Times that another node was dialled and not reached.',
    ({ links }) => links?.unreached,
  );
}
