import { Backpressure, type BackpressureOptions } from './backpressure/Backpressure.js';

export type {
  Backpressure,
  BackpressureEvents,
  BackpressureOptions,
  PendingCount,
} from './backpressure/Backpressure.js';
export { BackpressureError, backpressureErrors } from './backpressure/BackpressureError.js';
export type { DroppedWrite } from './backpressure/dropUnsent.js';

/**
 * Bounds how many writes of a device wait for their answers, as an option of one client (TX-2). A write that replaces one that was never
 * sent is always admitted: it adds nothing. Throws `OPTION_INVALID`.
 *
 * ```ts
 * const pressure = backpressure({ strategy: 'pause', high: 5000, low: 1000 });
 * const client = new TopGunClient({ storage, serverUrl, backpressure: pressure });
 * pressure.on('paused', () => showSpinner());
 * for (const row of rows) await client.getMap('rows').set(row.id, row).admitted();
 * ```
 */
export const backpressure = (options: BackpressureOptions): Backpressure => new Backpressure(options);
