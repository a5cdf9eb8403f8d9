import { packTime } from '@topgun/core';
import type { ClientMessage } from '@topgun/protocol';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CommitBatch } from '../storage/Store.js';
import { HostCounts } from './HostCounts.js';
import type { MetricsService } from './MetricsService.js';
import { WorkMeter } from './WorkMeter.js';

let now: number;
let deliveries: number[];
let batches: unknown[];
let meter: WorkMeter;
let counts: HostCounts;

/** A frame of so many ops, the last of them stamped at this time. */
const ops = (count: number, atMs = 0): ClientMessage => ({
  type: 'OPS',
  session: 's',
  settledBelow: 0,
  incarnation: 'i',
  concern: 3,
  maps: ['m'],
  rows: Array.from({ length: count }, (_, seq) => [seq, 0, 0, 'k', packTime(atMs, 0), null, 1] as const),
});

const slice = { pid: 0, high: { epoch: 1, n: 1 }, records: [] };
const dedup = [{ clientId: 'c', session: 's', settledBelow: 0, entries: [] }];
const withOps: Pick<CommitBatch, 'slices'> = { slices: [{ ...slice, dedup }] };

beforeEach(() => {
  now = 0;
  deliveries = [];
  batches = [];
  counts = new HostCounts();
  const metrics: Partial<MetricsService> = {
    counts,
    opsReceived: (count, aheadMs) => batches.push([count, aheadMs]),
    commitDone: () => undefined,
    delivered: (ms) => deliveries.push(ms),
  };
  meter = new WorkMeter(metrics as MetricsService, { monoMs: () => now });
});

describe('WorkMeter', () => {
  it('[OBS-6] a delivery lasts from the first ops of a commit until its changes are written', () => {
    now = 10;
    meter.received(1, ops(1), 0);
    now = 12;
    meter.received(1, ops(1), 0);
    meter.turnDone(2);
    now = 15;
    meter.commitBegun(withOps);
    now = 18;
    meter.received(1, ops(1), 0);
    meter.turnDone(3);
    now = 20;
    meter.commitDone(5, 'committed');
    expect(deliveries).toEqual([]);
    now = 21;
    meter.turnDone(1);
    expect(deliveries).toEqual([11]);
    meter.commitBegun(withOps);
    now = 30;
    meter.commitDone(9, 'committed');
    meter.turnDone(0);
    expect(deliveries).toEqual([11, 12]);
  });

  it('[OBS-6] the next commit may begin in the turn that writes what follows from this one', () => {
    meter.received(1, ops(1), 0);
    meter.commitBegun(withOps);
    now = 5;
    meter.received(1, ops(1), 0);
    now = 10;
    meter.commitDone(10, 'committed');
    meter.commitBegun(withOps);
    now = 11;
    meter.turnDone(1);
    expect(deliveries).toEqual([11]);
    now = 20;
    meter.commitDone(10, 'committed');
    meter.turnDone(0);
    expect(deliveries).toEqual([11, 15]);
  });

  it('[OBS-6] ops of a failed commit are on their way until a later one succeeds', () => {
    meter.received(1, ops(1), 0);
    meter.commitBegun(withOps);
    now = 5;
    meter.received(1, ops(1), 0);
    meter.commitDone(5, 'failed');
    meter.turnDone(2);
    now = 50;
    meter.commitBegun(withOps);
    meter.commitDone(1, 'committed');
    meter.turnDone(0);
    expect(deliveries).toEqual([50]);
  });

  it('[OBS-6] ops that wait for the meta record of their map are delivered with the commit after it', () => {
    meter.received(1, ops(1), 0);
    meter.commitBegun({ slices: [] });
    now = 5;
    meter.commitDone(5, 'committed');
    meter.turnDone(1);
    meter.commitBegun(withOps);
    now = 9;
    meter.commitDone(4, 'committed');
    meter.turnDone(0);
    expect(deliveries).toEqual([9]);
  });

  it('[OBS-6] what was refused starts no delivery', () => {
    meter.received(1, ops(1), 0);
    meter.turnDone(0);
    now = 100;
    meter.commitBegun(withOps);
    meter.commitDone(1, 'committed');
    meter.turnDone(0);
    expect(deliveries).toEqual([]);
  });

  it('[OBS-1] a frame of ops counts once, with its size and how far its last stamp lies ahead', () => {
    meter.received(1, ops(3, 1_500), 1_000);
    meter.received(1, { type: 'PING', id: 1 }, 1_000);
    meter.received(1, ops(0), 1_000);
    expect(batches).toEqual([[3, 500]]);
    expect([...counts.messages]).toEqual([
      ['OPS', 2],
      ['PING', 1],
    ]);
  });

  it('[OBS-1] sockets count when they come and when they go, by who ended them', () => {
    meter.opened(1, 'ip');
    meter.closed(1, 4401);
    meter.closed(2);
    expect(counts.accepted).toBe(1);
    expect([...counts.closed]).toEqual([
      ['4401', 1],
      ['peer', 1],
    ]);
  });
});
