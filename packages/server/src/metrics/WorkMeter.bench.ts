import { packTime } from '@topgun/core';
import type { ClientMessage } from '@topgun/protocol';
import { bench, describe } from 'vitest';
import { HttpSpans } from '../tracing/HttpSpans.js';
import { WorkSpans } from '../tracing/WorkSpans.js';
import { MetricsService } from './MetricsService.js';
import { WorkMeter } from './WorkMeter.js';

// What being watched costs a frame, nobody recording traces: `npx vitest bench --run packages/server/src/metrics`.
const rows = Array.from({ length: 100 }, (_, seq) => [seq, 0, 0, 'k', packTime(1, 0), null, 1] as const);
const about = { session: 's', settledBelow: 0, incarnation: 'i', concern: 3, maps: ['m'] } as const;
const ops: ClientMessage = { type: 'OPS', ...about, rows };
const sync: ClientMessage = { type: 'SYNC_INIT', req: 1, map: 'm', kind: 'LWW', root: 0 };
const batch = { slices: [] };
const metrics = new MetricsService(() => Promise.reject(new Error('not scraped')));
const meter = new WorkMeter(metrics, { spans: new WorkSpans() });
const http = new HttpSpans();

describe('being watched, per', () => {
  bench('frame of 100 ops, with its commit', () => {
    meter.received(1, ops, 0);
    meter.handled();
    meter.commitBegun(batch);
    meter.commitDone(1, 'committed');
    meter.turnDone(0);
  });
  bench('step of a sync', () => {
    meter.received(1, sync, 0);
    meter.handled();
  });
  bench('HTTP request', () => {
    http.answered(http.request({ headers: {}, method: 'GET' } as never), 'GET', '/ready', 200);
  });
});
