import type { IntervalHistogram } from 'node:perf_hooks';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { EngineStats } from '../engine/ports.js';
import type { TransportStats } from '../transport/WebSocketTransport.js';

/** Where the figures come from; asked at each scrape. */
export interface MetricsSources {
  readonly engine: () => EngineStats | undefined;
  readonly transport: () => TransportStats;
  readonly logBytes: () => number | undefined;
}

/** Everything the server measures, as Prometheus text. Figures that others keep are read when they are asked for. */
export class MetricsService {
  readonly #registry = new Registry();
  readonly #commitMs: Histogram;
  readonly #handshakes: Counter<'status'>;
  readonly #loop: IntervalHistogram;

  constructor(sources: MetricsSources) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry, prefix: 'topgun_process_' });
    this.#loop = monitorEventLoopDelay({ resolution: 20 });
    this.#loop.enable();
    this.#commitMs = new Histogram({
      name: 'topgun_commit_duration_ms',
      help: 'From handing a batch to the store until it is durable.',
      buckets: [0.5, 1, 2, 5, 10, 20, 50, 100, 250, 1000],
      registers,
    });
    this.#handshakes = new Counter({
      name: 'topgun_connections_rejected_total',
      help: 'WebSocket handshakes refused, by HTTP status.',
      labelNames: ['status'],
      registers,
    });
    this.#addEngineFigures(sources, registers);
    this.#addShellFigures(sources, registers);
  }

  commitDone(durationMs: number): void {
    this.#commitMs.observe(durationMs);
  }

  handshakeRefused(status: number): void {
    this.#handshakes.inc({ status });
  }

  async text(): Promise<{ readonly contentType: string; readonly text: string }> {
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  close(): void {
    this.#loop.disable();
    this.#registry.clear();
  }

  #addEngineFigures({ engine }: MetricsSources, registers: Registry[]): void {
    const gauge = (name: string, help: string, read: (stats: EngineStats) => number): void => {
      void new Gauge({
        name,
        help,
        registers,
        collect() {
          const stats = engine();
          if (stats !== undefined) this.set(read(stats));
        },
      });
    };
    gauge(
      'topgun_connected_clients',
      'Sockets whose client is authenticated.',
      (stats) => stats.authenticated,
    );
    gauge('topgun_maps', 'Maps known.', (stats) => stats.maps);
    gauge('topgun_records', 'Records in memory, tombstones included.', (stats) => stats.records);
    gauge('topgun_scopes', 'Maps followed by clients.', (stats) => stats.scopes);
    gauge('topgun_queries', 'Live queries of clients.', (stats) => stats.queries);
    gauge(
      'topgun_queries_shared',
      'Live queries maintained; equal ones under one view count once.',
      (stats) => stats.sharedQueries,
    );
    gauge('topgun_topics', 'Topics with subscribers.', (stats) => stats.topics);
    gauge('topgun_indexes', 'Declared indexes of maps.', (stats) => stats.indexes);
    gauge(
      'topgun_indexes_building',
      'Declared indexes that are not complete yet and not used.',
      (stats) => stats.indexesBuilding,
    );
    gauge(
      'topgun_backpressure_pending_ops',
      'Ops admitted and not yet durable, or waiting to be.',
      (stats) => stats.staged + stats.parked,
    );
    const counters = (
      name: string,
      help: string,
      label: string,
      read: (stats: EngineStats) => Iterable<readonly [string, number]>,
    ): void => {
      void new Counter({
        name,
        help,
        labelNames: [label],
        registers,
        collect() {
          const stats = engine();
          if (stats === undefined) return;
          this.reset();
          for (const [value, count] of read(stats)) this.inc({ [label]: value }, count);
        },
      });
    };
    counters('topgun_ops_total', 'Ops decided, by outcome.', 'outcome', (stats) => [
      ['applied', stats.opsApplied],
      ['superseded', stats.opsSuperseded],
      ['duplicate', stats.opsDuplicate],
    ]);
    counters('topgun_commits_total', 'Commits, by result.', 'result', (stats) => [
      ['committed', stats.commits],
      ['failed', stats.commitsFailed],
      ['unknown', stats.commitsUnknown],
    ]);
    counters('topgun_rejected_total', 'Messages and ops refused, by code.', 'code', (stats) => stats.refused);
    counters('topgun_query_work_total', 'Work for live queries, by kind.', 'kind', (stats) => [
      ['results', stats.queryResults],
      ['rows_examined', stats.queryRowsExamined],
      ['deltas', stats.queryDeltas],
    ]);
    counters('topgun_topic_messages_total', 'Messages published to topics.', 'kind', (stats) => [
      ['published', stats.topicMessages],
    ]);
  }

  #addShellFigures({ transport, logBytes }: MetricsSources, registers: Registry[]): void {
    const gauge = (name: string, help: string, read: () => number | undefined): void => {
      void new Gauge({
        name,
        help,
        registers,
        collect() {
          const value = read();
          if (value !== undefined) this.set(value);
        },
      });
    };
    gauge('topgun_connections', 'Sockets open.', () => transport().connections);
    gauge(
      'topgun_event_queue_bytes',
      'Bytes sent to sockets that the network has not taken yet.',
      () => transport().unsentBytes,
    );
    gauge('topgun_store_log_bytes', 'Bytes of the log of the embedded store not yet folded.', logBytes);
    gauge(
      'topgun_event_loop_delay_p99_ms',
      'Delay of the event loop since the last scrape, 99th percentile.',
      () => {
        const p99 = this.#loop.percentile(99) / 1e6;
        this.#loop.reset();
        return p99;
      },
    );
    const traffic = (
      name: string,
      help: string,
      received: keyof TransportStats,
      sent: keyof TransportStats,
    ): void => {
      void new Counter({
        name,
        help,
        labelNames: ['direction'],
        registers,
        collect() {
          const stats = transport();
          this.reset();
          this.inc({ direction: 'in' }, stats[received]);
          this.inc({ direction: 'out' }, stats[sent]);
        },
      });
    };
    traffic('topgun_frames_total', 'WebSocket messages, by direction.', 'framesIn', 'framesOut');
    traffic('topgun_bytes_total', 'Bytes of WebSocket messages, by direction.', 'bytesIn', 'bytesOut');
  }
}
