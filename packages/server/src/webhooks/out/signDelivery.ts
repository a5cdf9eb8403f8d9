import { createHmac, randomBytes } from 'node:crypto';
import type { Delivery, Subscription } from '../../engine/outbox/Delivery.js';

const PREFIX = 'whsec_';

export const drawSecret = (): string => PREFIX + randomBytes(32).toString('base64');

/** The headers of one try, by the Standard Webhooks 1.0: every secret that holds now has signed (HOOK-30). */
export function signDelivery(
  { id, body }: Pick<Delivery, 'id' | 'body'>,
  secrets: Subscription['secrets'],
  nowMs: number,
): Record<string, string> {
  const timeS = Math.floor(nowMs / 1000);
  const signatures = secrets
    .filter(({ untilMs }) => untilMs === undefined || untilMs > nowMs)
    .map(({ secret }) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timeS}.${body}`).digest('base64')}`;
    });
  return {
    'content-type': 'application/json',
    'user-agent': 'TopGun-Webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(timeS),
    'webhook-signature': signatures.join(' '),
  };
}
