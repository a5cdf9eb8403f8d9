import { assertKey, cloneAdmitted, mapError } from '@topgun/core';
import { isMapName, isTtl } from '@topgun/protocol/device';
import * as LIMITS from '@topgun/protocol/limits';
import { clientError } from '../errors.js';
import { bytesOf } from './PendingOp.js';
import { wireError } from './wireErrors.js';

/** Throws `MAP_NAME_INVALID` for a name that cannot travel. */
export function checkMap(map: string): void {
  if (isMapName(map)) return;
  throw clientError('MAP_NAME_INVALID', `"${String(map).slice(0, 40)}" is no name of a map.`);
}

/**
 * The app's value as the engine keeps it: checked and copied, so that later changes by the app do not show.
 * Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED`, `LIMIT` (more bytes than an op can carry) or `TTL_INVALID`.
 */
export function checkWrite(map: string, key: string, value: unknown, ttlMs?: number): unknown {
  checkMap(map);
  assertKey(key);
  const copy = cloneAdmitted(value);
  if (ttlMs !== undefined && !isTtl(ttlMs)) {
    const message = `"${key}" in "${map}" has a ttl of ${ttlMs} ms; allowed are 1 to ${LIMITS.ttlMs} whole ms.`;
    throw mapError('TTL_INVALID', message);
  }
  const bytes = bytesOf(copy);
  if (bytes > LIMITS.valueBytes) {
    throw wireError(
      'LIMIT',
      `"${key}" in "${map}" has about ${bytes} bytes; allowed are ${LIMITS.valueBytes}.`,
    );
  }
  return copy;
}

/** Throws `COUNTER_INVALID` for what a counter cannot add. */
export function checkDelta(name: string, delta: number): void {
  checkMap(name);
  if (Number.isSafeInteger(delta)) return;
  throw mapError('COUNTER_INVALID', `Counter "${name}" cannot add ${String(delta)}.`);
}
