import { afterEach, describe, expect, it } from 'vitest';
import type { EngineStats } from '../engine/ports.js';
import type { Figures } from './figures.js';
import { MetricsService } from './MetricsService.js';

const stats: EngineStats = {
  connections: 3,
  authenticated: 2,
  maps: 4,
  records: 50,
  scopes: 1,
  viewGroups: 1,
  queries: 6,
  sharedQueries: 5,
  topics: 7,
  indexes: 3,
  indexesBuilding: 1,
  queryResults: 11,
  queryRowsExamined: 12,
  queryDeltas: 13,
  staged: 8,
  pendingBytes: 31,
  parked: 1,
  commits: 10,
  commitsFailed: 2,
  commitsUnknown: 1,
  opsApplied: 100,
  opsSuperseded: 20,
  opsDuplicate: 30,
  refused: new Map([['DENIED', 4]]),
  limitsHit: new Map([['strikes', 2]]),
  topicMessages: 9,
  topicDrops: 14,
  syncs: { equal: 1, cursor: 2, digest: 3, merkle: 4, snapshot: 5 },
  clock: 1,
  draining: false,
};
const idle = { active: 0, users: 0, addresses: 0, perAddressPeak: 0, max: 1 };
const held = {
  connections: 0,
  unsentBytes: 0,
  frames: 0,
  writes: 0,
  bytes: 0,
  slowClosed: 0,
  dropped: 0,
};
const figures: Omit<Figures, 'host'> = {
  version: '1.2.3',
  isReady: true,
  degraded: new Set(['REDIS', 'LINKS']),
  transport: {
    connections: 3,
    unsentBytes: 77,
    framesIn: 1,
    framesOut: 2,
    bytesIn: 10,
    bytesOut: 20,
    slowClosed: 15,
  },
  engine: stats,
  topics: {
    topics: 7,
    subscriptions: 21,
    published: 9,
    heard: 10,
    delivered: 11,
    lost: 1,
    log: { topics: 2, messages: 3, bytes: 4, expired: 5 },
    rooms: {
      rooms: 2,
      members: 12,
      refused: { room: 1, user: 2, total: 3 },
      ended: { idle: 4, duration: 5 },
      largest: [9, 3],
    },
    bus: {
      status: 'degraded',
      connections: 2,
      connectionErrors: 4,
      published: 101,
      received: 102,
      deduplicated: 103,
      refused: 104,
      dropped: 105,
      readded: 106,
      unreadable: 107,
      waiting: 108,
      waitingBytes: 109,
      topics: 7,
      fills: 110,
      lost: 111,
      memory: [
        ['r1:6379', 4_096],
        ['r2:6379', undefined],
      ],
    },
  },
  limitsHit: new Map([['connectionsPerIp', 3]]),
  maps: [
    ['rooms:1', 3],
    ['rooms:2', 4],
    ['todos', 5],
    ['a"b\n', 1],
  ],
  mapFamiliesMax: 2,
  store: { logBytes: 5, snapshotBytes: 6, folds: 7, foldsCutShort: 1, foldingMs: 1500 },
  diskFreeBytes: 99,
  webhooks: { subscriptions: 2, waiting: 3, dead: 4, dropped: 5 },
  links: {
    up: 2,
    isWhole: false,
    waitingBytes: 7,
    sent: { feed: 1, ops: 2, answers: 3, barrier: 4, topics: 5 },
    received: { feed: 6, ops: 7, answers: 8, barrier: 9, topics: 10 },
    bytesIn: 11,
    bytesOut: 12,
    ended: { silence: 1, queue: 2, replaced: 3, left: 4, broken: 5, reader: 6, closed: 7 },
    refused: { malformed: 1, secret: 2, version: 3, name: 4, late: 5 },
    unreached: 13,
  },
  cluster: {
    membership: { joins: 2, fences: 1, takeOvers: 3, handedOver: 4 },
    mapVersion: 17,
    leaseAgeMs: 1_500,
    nodes: { JOINING: 1, ACTIVE: 3, DRAINING: 0 },
    owned: 90,
    moving: 5,
    unowned: 6,
    forwarding: {
      ...{ sent: 20, again: 21, sentBack: 22, answered: 23, answeredMs: 2_400 },
      ...{ unanswered: 25, waiting: 6, bytes: 27, heldAnswers: 28, guests: 29, handedOn: 30 },
    },
    following: { isBehind: true, gaps: 31, fromLinks: 32, fromDatabase: 33, looks: 34 },
  },
};

let metrics: MetricsService;
afterEach(() => metrics.close());

async function lines(): Promise<string[]> {
  return (await metrics.text()).text.split('\n');
}

describe('MetricsService', () => {
  it('[OBS-1] [CLU-64] shows what is degraded, and how a node of a cluster does', async () => {
    metrics = new MetricsService(async () => figures);
    const text = await lines();
    for (const line of [
      'topgun_degraded{reason="DATABASE"} 0',
      'topgun_degraded{reason="REDIS"} 1',
      'topgun_degraded{reason="LINKS"} 1',
      'topgun_backpressure_pending_bytes 31',
      'topgun_cluster_nodes{state="ACTIVE"} 3',
      'topgun_cluster_partitions{kind="unowned"} 6',
      'topgun_cluster_map_version 17',
      'topgun_cluster_lease_age_seconds 1.5',
      'topgun_cluster_events_total{event="took_over"} 3',
      'topgun_cluster_events_total{event="handed_over"} 4',
      'topgun_forwarded_pending_ops{state="sent"} 19',
      'topgun_forwarded_pending_ops{state="waiting"} 6',
      'topgun_forwarded_pending_bytes 27',
      'topgun_forwarded_held_answers 28',
      'topgun_forwarded_guests 29',
      'topgun_forwarded_ops_total{event="again"} 21',
      'topgun_forwarded_ops_total{event="sent_back"} 22',
      'topgun_forwarded_wait_seconds_total 2.4',
      'topgun_forwarded_relays_total 30',
      'topgun_follow_behind 1',
      'topgun_follow_records_total{way="database"} 33',
      'topgun_follow_gaps_total 31',
      'topgun_follow_looks_total 34',
    ])
      expect(text).toContain(line);
    metrics = new MetricsService(async () => ({ ...figures, cluster: undefined }));
    expect((await lines()).filter((line) => /^topgun_(cluster|forwarded)_\w+\{/.test(line))).toEqual([]);
  });

  it('[OBS-1] shows what engine, sockets and store count, and the same again when asked again', async () => {
    metrics = new MetricsService(async () => figures);
    metrics.counts.accepted = 4;
    metrics.counts.handshakesRefused.add('429');
    metrics.counts.closed.add('1013', 2);
    metrics.counts.messages.add('OPS', 3);
    metrics.counts.webhooksIn.add('accepted', 6);
    metrics.counts.webhooksOut.add('delivered', 7);
    metrics.webhookTaken(3);
    metrics.commitDone(3);
    metrics.delivered(4);
    metrics.firstResult(0.2);
    metrics.opsReceived(3, -20);
    metrics.bus.busPublished(1_500);
    metrics.bus.busHeard(2_500);
    metrics.bus.redisAnswered('append', 0.3);
    for (let scrape = 0; scrape < 2; scrape++) {
      const text = await lines();
      for (const line of [
        'topgun_connected_clients 2',
        'topgun_connections 3',
        'topgun_connections_accepted_total 4',
        'topgun_connections_rejected_total{status="429"} 1',
        'topgun_connections_closed_total{code="1013"} 2',
        'topgun_messages_received_total{type="OPS"} 3',
        'topgun_frames_total{direction="out"} 2',
        'topgun_bytes_total{direction="in"} 10',
        'topgun_event_queue_bytes 77',
        'topgun_ops_total{outcome="applied"} 100',
        'topgun_rejected_total{code="DENIED"} 4',
        'topgun_limits_hit_total{limit="connectionsPerIp"} 3',
        'topgun_limits_hit_total{limit="strikes"} 2',
        'topgun_limits_hit_total{limit="deadMs"} 0',
        'topgun_backpressure_pending_ops 9',
        'topgun_commits_total{result="failed"} 2',
        'topgun_ops_batch_size_bucket{le="5"} 1',
        'topgun_device_clock_ahead_seconds_bucket{le="0"} 1',
        'topgun_commit_duration_seconds_sum 0.003',
        'topgun_delivery_duration_seconds_bucket{le="0.005"} 1',
        'topgun_query_first_result_seconds_count 1',
        'topgun_syncs_total{kind="merkle"} 4',
        'topgun_query_work_total{kind="deltas"} 13',
        'topgun_topics 7',
        'topgun_links 2',
        'topgun_links_whole 0',
        'topgun_link_messages_total{channel="topics"} 5',
        'topgun_links_ended_total{reason="silence"} 1',
        'topgun_links_refused_total{reason="secret"} 2',
        'topgun_bus_up 0',
        'topgun_bus_connections 2',
        'topgun_bus_connection_errors_total 4',
        'topgun_bus_messages_total{kind="deduplicated"} 103',
        'topgun_bus_waiting_messages 108',
        'topgun_bus_publish_seconds_sum 1.5',
        'topgun_bus_lag_seconds_bucket{le="3"} 1',
        'topgun_redis_command_seconds_count{command="append"} 1',
        'topgun_redis_memory_bytes{master="r1:6379"} 4096',
        'topgun_topic_messages_total 9',
        'topgun_topic_deliveries_total 11',
        'topgun_topic_log_messages 3',
        'topgun_records 50',
        'topgun_map_size_items{map="rooms:*"} 7',
        'topgun_map_size_items{map="todos"} 5',
        'topgun_map_size_items{map="other"} 1',
        'topgun_map_size_folded 1',
        'topgun_store_log_bytes 5',
        'topgun_store_folds_total{result="cut_short"} 1',
        'topgun_store_folding_seconds_total 1.5',
        'topgun_store_disk_free_bytes 99',
        'topgun_webhooks_received_total{result="accepted"} 6',
        'topgun_webhooks_sent_total{result="delivered"} 7',
        'topgun_webhook_subscriptions 2',
        'topgun_webhooks_waiting 3',
        'topgun_webhooks_dead 4',
        'topgun_webhooks_dropped_total 5',
        'topgun_webhook_duration_seconds_sum 0.003',
        'topgun_ready 1',
        'topgun_build_info{version="1.2.3"} 1',
      ])
        expect(text).toContain(line);
      expect(text.some((line) => line.startsWith('topgun_nodejs_eventloop_lag_p99_seconds '))).toBe(true);
    }
  });

  it('[OBS-3] no name of a map breaks the text, and 0 names none', async () => {
    let mapFamiliesMax = 5;
    metrics = new MetricsService(async () => ({ ...figures, mapFamiliesMax }));
    expect(await lines()).toContain('topgun_map_size_items{map="a\\"b\\n"} 1');
    mapFamiliesMax = 0;
    expect((await lines()).join('\n')).not.toContain('topgun_map_size_items{');
  });

  it('[OBS-1] what is not there yet is absent or zero, never an error', async () => {
    metrics = new MetricsService(async () => ({
      ...figures,
      isReady: false,
      engine: undefined,
      store: undefined,
      diskFreeBytes: undefined,
    }));
    const text = await lines();
    expect(text).toContain('topgun_ready 0');
    for (const name of ['topgun_ops_total{', 'topgun_records ', 'topgun_store_log_bytes '])
      expect(text.filter((line) => line.startsWith(name))).toEqual([]);
  });

  it('[BRG-30] the bridge is told under the names that dashboards of bridges know, both spellings, and only where it is on', async () => {
    const bridge = {
      connections: 3,
      subscriptions: 5,
      transferred: 7,
      delivered: 9,
      badRequests: 2,
      postsLeftOut: 1,
      storage: 'embedded',
      tokenUses: [['0a1b2c3d', 4] as const],
    };
    const doors = { sse: idle, bridge: idle, ws: idle };
    metrics = new MetricsService(async () => ({
      ...figures,
      live: { held, doors, bridge, json: undefined },
    }));
    metrics.bridgeHeard(2);
    metrics.bridgeHeard(12);
    const { text } = await metrics.text();
    for (const line of [
      'number_of_acitve_connections 3',
      'number_of_active_connections 3',
      'number_of_active_subscriptions 5',
      'number_of_transfered_messages 7',
      'number_of_delivered_messages 9',
      `number_of_expired_messages ${figures.topics.log.expired}`,
      'number_of_bad_requests 2',
      'bridge_token_usage{token="0a1b2c3d"} 4',
      'bridge_health_status 1',
      'bridge_ready_status 1',
      'bridge_info{engine="topgun",version="1.2.3",storage="embedded"} 1',
      'number_of_client_ids_per_connection_bucket{le="1"} 0',
      'number_of_client_ids_per_connection_bucket{le="2"} 1',
      'number_of_client_ids_per_connection_bucket{le="20"} 2',
      'number_of_client_ids_per_connection_bucket{le="100"} 2',
    ])
      expect(text.split('\n')).toContain(line);
    metrics.close();
    metrics = new MetricsService(async () => ({
      ...figures,
      live: { held, doors, bridge: undefined, json: undefined },
    }));
    const off = (await metrics.text()).text;
    expect(off).not.toMatch(/^(number_of_active|bridge_)\w*[ {]/m);
  });

  it('[OBS-2] every metric has one name of the form Prometheus wants, a subject and a meaning', () => {
    metrics = new MetricsService(async () => figures);
    const rows = metrics.rows();
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    // Those of the bridge have the names that dashboards of bridges know (BRG-30).
    for (const { name, type, subject, help } of rows.filter((row) => row.subject !== 'Message bridge')) {
      expect(name).toMatch(/^topgun_[a-z0-9_]+$/);
      // Those of the runtime are named by prom-client.
      if (!name.startsWith('topgun_nodejs_'))
        expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
      expect([name, subject === '', help.length > 9]).toEqual([name, false, true]);
    }
  });
});
