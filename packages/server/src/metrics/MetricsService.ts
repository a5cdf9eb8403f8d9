import type { Histogram } from 'prom-client';
import type { BusTimes } from '../bus/RedisBus.js';
import { addBridgeMetrics, CLIENT_IDS } from './bridgeMetrics.js';
import { addBusMetrics, busTimes } from './busMetrics.js';
import { addClusterMetrics } from './clusterMetrics.js';
import { addDoorMetrics } from './doorMetrics.js';
import type { Figures } from './figures.js';
import { HostCounts } from './HostCounts.js';
import { addJsonSocketMetrics } from './jsonSocketMetrics.js';
import { addLinkMetrics } from './linkMetrics.js';
import type { MetricRow } from './MetricSet.js';
import { MetricSet } from './MetricSet.js';
import { addRoomMetrics } from './roomMetrics.js';
import {
  addConnectionMetrics,
  addDataMetrics,
  addHttpMetrics,
  addOpMetrics,
  addProcessMetrics,
  addSubscriptionMetrics,
  addTopicMetrics,
} from './serverMetrics.js';
import { addWebhookMetrics } from './webhookMetrics.js';

/** Where the figures come from; asked at each scrape. */
export type MetricsSources = () => Promise<Omit<Figures, 'host'>>;

const FAST_S = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/**
 * Everything the server measures, as Prometheus text. Figures that others keep are read when they are asked for; only times and
 * sizes are noted when they happen, once per frame or commit and never per op (OBS-1).
 */
export class MetricsService {
  readonly counts = new HostCounts();
  readonly #set = new MetricSet<Figures>();
  readonly #sources: MetricsSources;
  #batches!: Histogram;
  #clientIds!: Histogram;
  #clockAhead!: Histogram;
  #commits!: Histogram;
  #deliveries!: Histogram;
  #firstResults!: Histogram;
  #webhooks!: Histogram;
  #messageLags!: Histogram;
  #connectionTimes!: Histogram;
  #bus!: ReturnType<typeof busTimes>;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const set = this.#set;
    set.subject('Connections', () => addConnectionMetrics(set));
    set.subject('Writes', () => {
      addOpMetrics(set);
      this.#batches = set.histogram(
        'topgun_ops_batch_size',
        'Ops in one frame of a client.',
        [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000],
      );
      this.#clockAhead = set.histogram(
        'topgun_device_clock_ahead_seconds',
        'How far the last stamp of a frame of ops lies ahead of the server; 0 when it does not.',
        [0, 0.01, 0.1, 0.5, 1, 5, 15, 30, 60, 600],
      );
      this.#commits = set.histogram(
        'topgun_commit_duration_seconds',
        'From handing a batch to the store until its answer.',
        FAST_S,
      );
      this.#deliveries = set.histogram(
        'topgun_delivery_duration_seconds',
        'Of each commit: from the arrival of its first ops until its changes and answers are written to the sockets.',
        FAST_S,
      );
    });
    set.subject('Subscriptions', () => {
      addSubscriptionMetrics(set);
      addTopicMetrics(set);
      addRoomMetrics(set);
      addBusMetrics(set);
      this.#bus = busTimes(set);
      this.#firstResults = set.histogram(
        'topgun_query_first_result_seconds',
        'Making the first result of a query that nobody had open.',
        FAST_S,
      );
    });
    set.subject('Doors', () => addDoorMetrics(set));
    set.subject('Message bridge', () => {
      addBridgeMetrics(set);
      this.#clientIds = set.histogram(
        'number_of_client_ids_per_connection',
        'Client ids of a listener of the message bridge.',
        CLIENT_IDS,
      );
    });
    set.subject('JSON sockets', () => {
      addJsonSocketMetrics(set);
      this.#messageLags = set.histogram(
        'topgun_ws_message_lag_seconds',
        'From accepting a message of a topic, on whatever node, until it is made ready for JSON sockets of this one.',
        FAST_S,
      );
      this.#connectionTimes = set.histogram(
        'topgun_ws_connection_duration_seconds',
        'How long JSON sockets were open.',
        [1, 10, 60, 600, 3_600, 21_600, 86_400],
      );
    });
    set.subject('Nodes of a cluster', () => addClusterMetrics(set));
    set.subject('Links between nodes', () => addLinkMetrics(set));
    set.subject('HTTP', () => addHttpMetrics(set));
    set.subject('Webhooks', () => {
      addWebhookMetrics(set);
      this.#webhooks = set.histogram(
        'topgun_webhook_duration_seconds',
        'Taking in one event: from its request until it is in the log, or refused.',
        FAST_S,
      );
    });
    set.subject('Data', () => addDataMetrics(set));
    set.subject('Process', () => addProcessMetrics(set));
  }

  /** A frame of ops: how many, and how far the last stamp lies ahead of the server's time. */
  opsReceived(ops: number, aheadMs: number): void {
    this.#batches.observe(ops);
    this.#clockAhead.observe(Math.max(0, aheadMs) / 1000);
  }

  commitDone(durationMs: number): void {
    this.#commits.observe(durationMs / 1000);
  }

  delivered(durationMs: number): void {
    this.#deliveries.observe(durationMs / 1000);
  }

  /** A listener of the message bridge, for so many client ids. */
  bridgeHeard(clientIds: number): void {
    this.#clientIds.observe(clientIds);
  }

  /** A message of a topic is made ready for JSON sockets so long after it was accepted, on whatever node. */
  messageLag(ms: number): void {
    this.#messageLags.observe(ms / 1000);
  }

  /** A JSON socket was open for so long. */
  connectionLasted(ms: number): void {
    this.#connectionTimes.observe(ms / 1000);
  }

  /** What Redis takes time for. */
  get bus(): BusTimes {
    return this.#bus;
  }

  firstResult(durationMs: number): void {
    this.#firstResults.observe(durationMs / 1000);
  }

  /** An event of another service was answered. */
  webhookTaken(durationMs: number): void {
    this.#webhooks.observe(durationMs / 1000);
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    return this.#set.text({ ...(await this.#sources()), host: this.counts });
  }

  /** Every metric with its meaning; the guide is made from it. */
  rows(): readonly MetricRow[] {
    return this.#set.rows();
  }

  /** The same as data, as prom-client gives it. */
  async json(): Promise<unknown> {
    return this.#set.json({ ...(await this.#sources()), host: this.counts });
  }

  close(): void {
    this.#set.registry.clear();
  }
}
