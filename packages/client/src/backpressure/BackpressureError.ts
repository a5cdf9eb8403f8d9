import { passing, TopGunError } from '@topgun/core';
import { TEXTS } from '@topgun/core/texts';

export const backpressureErrors = {
  BACKPRESSURE: passing(TEXTS && 'Write again after the event `low`, or raise `high`.'),
};

/** A write that was refused, with nothing changed, because too many wait for their answers: `pending` of them, `high` allowed. */
export class BackpressureError extends TopGunError {
  readonly pending: number;
  readonly high: number;

  constructor(pending: number, high: number) {
    const message = `${pending} writes wait for the server; allowed are ${high}.`;
    super({ code: 'BACKPRESSURE', message, ...backpressureErrors.BACKPRESSURE });
    this.pending = pending;
    this.high = high;
  }
}
