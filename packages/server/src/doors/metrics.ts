import { createHash, timingSafeEqual } from 'node:crypto';
import type { MetricsService } from '../metrics/MetricsService.js';
import { bearerOf } from './bearerOf.js';
import { HttpRefusal, type HttpRequest, type Route } from './Route.js';

export interface MetricsDoor {
  readonly metrics: MetricsService;
  /** who reaches the port may read: the metrics port */
  readonly isOpen: boolean;
  /** besides ADMINs, who sends this may read */
  readonly token?: string | undefined;
}

/** `/metrics`. On the main port for ADMINs and the scraper's own token, for figures tell what goes on (OBS-4). */
export function metricsRoutes({ metrics, isOpen, token }: MetricsDoor): Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      access: 'open',
      answer: async (request) => {
        if (!isOpen) admit(request, token);
        const { contentType, text } = await metrics.text();
        return { status: 200, contentType, content: text };
      },
    },
  ];
}

function admit({ principal, headers }: HttpRequest, expected: string | undefined): void {
  if (principal?.roles.includes('ADMIN') === true) return;
  const given = bearerOf(headers.authorization);
  if (expected !== undefined && given !== undefined && isSame(given, expected)) return;
  const remedy = 'Ask with the token of an ADMIN or the metricsToken, or at the metrics port.';
  if (principal !== undefined) throw new HttpRefusal(403, { code: 'DENIED', remedy });
  throw new HttpRefusal(401, { code: given === undefined ? 'AUTH_REQUIRED' : 'AUTH_FAILED', remedy });
}

/** In a time that tells nothing of where the two differ. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
