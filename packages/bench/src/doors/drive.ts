import { type BenchMessage, benchMessage } from './message.js';
import type { PublishRequest } from './requests.js';

/** A timer fires up to so much late. */
const EARLY_MS = 2;

/**
 * Publishes at an even pace, whatever the server makes of it: a message that is late by the server's own doing counts from when it was
 * due. Resolves when the last one is published.
 */
export function drive(
  publish: (message: BenchMessage, nth: number) => void,
  { ticks, perTick, intervalMs, isPrecise = false }: Omit<PublishRequest, 'what'>,
): Promise<void> {
  const beganNs = process.hrtime.bigint();
  const intervalNs = BigInt(Math.round(intervalMs * 1e6));
  return new Promise((resolve) => {
    let tick = 0;
    const step = (): void => {
      const dueNs = beganNs + BigInt(tick) * intervalNs;
      const lateNs = process.hrtime.bigint() - dueNs;
      if (lateNs >= 0n) {
        for (let i = 0; i < perTick; i++) publish(benchMessage(dueNs), tick * perTick + i);
        tick++;
      }
      if (tick === ticks) return resolve();
      const waitMs = Number(beganNs + BigInt(tick) * intervalNs - process.hrtime.bigint()) / 1e6;
      if (!isPrecise) setTimeout(step, Math.max(1, Math.ceil(waitMs)));
      else if (waitMs > EARLY_MS) setTimeout(step, Math.floor(waitMs - EARLY_MS));
      else setImmediate(step);
    };
    step();
  });
}
