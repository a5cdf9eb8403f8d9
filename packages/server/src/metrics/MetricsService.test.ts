import { afterEach, describe, expect, it } from 'vitest';
import type { EngineStats } from '../engine/ports.js';
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
  parked: 1,
  commits: 10,
  commitsFailed: 2,
  commitsUnknown: 1,
  opsApplied: 100,
  opsSuperseded: 20,
  opsDuplicate: 30,
  refused: new Map([['DENIED', 4]]),
  topicMessages: 9,
  clock: 1,
  draining: false,
};
const traffic = { connections: 3, unsentBytes: 77, framesIn: 1, framesOut: 2, bytesIn: 10, bytesOut: 20 };

let metrics: MetricsService;
afterEach(() => metrics.close());

describe('MetricsService', () => {
  it('[OPS-3] shows what engine and sockets count, and the same again when asked again', async () => {
    metrics = new MetricsService({ engine: () => stats, transport: () => traffic, logBytes: () => 5 });
    metrics.commitDone(3);
    metrics.handshakeRefused(429);
    for (let scrape = 0; scrape < 2; scrape++) {
      const { text, contentType } = await metrics.text();
      expect(contentType).toMatch(/^text\/plain/);
      for (const line of [
        'topgun_connected_clients 2',
        'topgun_connections 3',
        'topgun_records 50',
        'topgun_backpressure_pending_ops 9',
        'topgun_ops_total{outcome="applied"} 100',
        'topgun_commits_total{result="failed"} 2',
        'topgun_rejected_total{code="DENIED"} 4',
        'topgun_connections_rejected_total{status="429"} 1',
        'topgun_event_queue_bytes 77',
        'topgun_frames_total{direction="out"} 2',
        'topgun_store_log_bytes 5',
        'topgun_commit_duration_ms_count 1',
      ]) {
        expect(text.split('\n')).toContain(line);
      }
      expect(text).toContain('topgun_event_loop_delay_p99_ms');
    }
  });

  it('[OPS-3] before the engine exists its figures are absent or zero, never an error', async () => {
    metrics = new MetricsService({
      engine: () => undefined,
      transport: () => traffic,
      logBytes: () => undefined,
    });
    expect((await metrics.text()).text).not.toContain('topgun_ops_total{');
  });
});
