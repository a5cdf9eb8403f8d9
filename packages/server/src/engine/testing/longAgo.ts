import { partitionOf } from '@topgun/core';
import type { StoredRecord } from '../../storage/Store.js';
import type { EngineLimits } from '../EngineLimits.js';
import type { TestDevice } from './TestDevice.js';
import { TestNode } from './TestNode.js';

const DAY = 86_400_000;
export const RETENTION = 160_000;
export const limits: Partial<EngineLimits> = {
  retentionMs: RETENTION,
  commitMarks: 16,
  reapEveryMs: 1_000,
  reapPauseMs: 10,
  heartbeatMs: 60 * DAY,
  deadMs: 60 * DAY,
};
export const KEY = '{p}k';
export const PID = partitionOf(KEY);

export function stored(node: TestNode): StoredRecord[] {
  return node.batches.flatMap(({ slices }) => slices).flatMap(({ records }) => records);
}

/** Lets time pass and makes everything durable on the way. */
export function pass(node: TestNode, ms: number, stepMs = 1_000): void {
  for (let passed = 0; passed < ms; passed += stepMs) {
    node.pass(Math.min(stepMs, ms - passed));
    node.settle();
  }
}

/** A node on which a record was deleted and purged. */
export function purged(options: ConstructorParameters<typeof TestNode>[0] = {}): {
  node: TestNode;
  device: TestDevice;
} {
  const node = new TestNode({ ...options, limits: { ...limits, ...options.limits } });
  const device = node.device();
  device.put('m', KEY, 1);
  device.remove('m', KEY);
  node.settle();
  pass(node, RETENTION + RETENTION / 8);
  return { node, device };
}

/** A row stamped as long ago as the deletion. */
export const old = (device: TestDevice, code: number, key: string, payload: unknown, ago = RETENTION * 2) =>
  [++device.seq, code, 0, key, device.stamp(-ago), null, payload] as never;
