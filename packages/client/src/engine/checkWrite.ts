import { assertKey, cloneAdmitted, coreErrors, TopGunError } from '@topgun/core';
import * as LIMITS from '@topgun/protocol/limits';
import { bytesOf } from './PendingOp.js';
import { wireError } from './wireErrors.js';

const MAP_NAME = /^[A-Za-z0-9_.:/-]{1,128}$/;

/** Throws `MAP_NAME_INVALID` for a name that cannot travel. */
export function checkMap(map: string): void {
  if (MAP_NAME.test(map)) return;
  throw new TopGunError({
    code: 'MAP_NAME_INVALID',
    message: `"${String(map).slice(0, 40)}" is no name of a map.`,
    remedy: 'Use 1 to 128 characters out of A-Z a-z 0-9 _ . : / -',
  });
}

/**
 * The app's value as the engine keeps it: checked and copied, so that later changes by the app do not show.
 * Throws `KEY_INVALID`, `VALUE_NOT_ADMITTED`, `LIMIT` (more bytes than an op can carry) or `TTL_INVALID`.
 */
export function checkWrite(map: string, key: string, value: unknown, ttlMs?: number): unknown {
  checkMap(map);
  assertKey(key);
  const copy = cloneAdmitted(value);
  if (ttlMs !== undefined && !(Number.isInteger(ttlMs) && ttlMs > 0 && ttlMs <= LIMITS.ttlMs)) {
    const message = `"${key}" in "${map}" has a ttl of ${ttlMs} ms; allowed are 1 to ${LIMITS.ttlMs} whole ms.`;
    throw new TopGunError({ code: 'TTL_INVALID', message, ...coreErrors.TTL_INVALID });
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
  throw new TopGunError({
    code: 'COUNTER_INVALID',
    message: `Counter "${name}" cannot add ${String(delta)}.`,
    ...coreErrors.COUNTER_INVALID,
  });
}
