import { createHmac, randomBytes } from 'node:crypto';
import { LIMITS } from '@topgun/protocol';
import type { CursorMac } from '../engine/ports.js';

const KEY_BYTES = 32;

/** HMAC-SHA-256, cut to 16 bytes. */
export const cursorMac: CursorMac = {
  newKey: () => new Uint8Array(randomBytes(KEY_BYTES)),
  sign: (key, bytes) =>
    new Uint8Array(createHmac('sha256', key).update(bytes).digest().subarray(0, LIMITS.proofBytes)),
};
