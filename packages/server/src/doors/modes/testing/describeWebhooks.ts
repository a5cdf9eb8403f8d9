import { createHmac } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Frame } from '../../ws/testing/JsonClient.js';
import { type Deployment, webhookSecret } from './Deployment.js';

/** What was posted, in the message that was made of it. */
const numberIn = ({ payload }: Frame): unknown =>
  (payload as { readonly payload: { readonly n: unknown } }).payload.n;

/** Events of other services, posted to whichever node. */
export function describeWebhooks(deployment: () => Deployment): void {
  describe('webhooks in', () => {
    const post = async (body: string): Promise<{ readonly id: string; readonly duplicate?: boolean }> => {
      const signature = createHmac('sha256', webhookSecret).update(body).digest('hex');
      const response = await fetch(deployment().next('/webhooks/twilio'), {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'X-Tenant-Id': 'acme',
          'X-Signature': `sha256=${signature}`,
        },
        body,
      });
      expect(response.status).toBe(200);
      return (await response.json()) as { readonly id: string; readonly duplicate?: boolean };
    };

    it('[HOOK-7] [HOOK-8] [S003-17] a delivery that is posted to several nodes, at once and later, is told the tenant once', async () => {
      const client = await deployment().socket('ann');
      onTestFinished(() => client.ws.terminate());
      const bodies = Array.from({ length: 6 }, (_, n) => JSON.stringify({ n }));
      const ids = new Set<string>();
      // At once to several nodes, as a sender does whose balancer has lost an answer.
      for (const body of bodies)
        for (const { id } of await Promise.all([post(body), post(body), post(body)])) ids.add(id);
      expect(ids.size).toBe(bodies.length);
      // Every node knows it, those too that did not take it.
      for (const body of bodies)
        for (const _ of deployment().urls) expect(await post(body)).toMatchObject({ duplicate: true });
      await post(JSON.stringify({ n: 'last' }));
      const heard: unknown[] = [];
      while (heard.at(-1) !== 'last') heard.push(numberIn(await client.take('webhook.twilio')));
      expect(heard).toEqual([0, 1, 2, 3, 4, 5, 'last']);
    });
  });
}
