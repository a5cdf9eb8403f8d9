import { LIMITS } from '@topgun/protocol';
import { serverErrors } from '../errors.js';
import type { Intake, Outcome } from '../webhooks/in/Intake.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';

/** What the door tells of its work. */
export interface WebhookWatch {
  /** An event was answered; `why`: of a refused one, for the log. */
  taken(about: {
    readonly provider: string;
    readonly remote: string;
    readonly state: Outcome['state'];
    readonly why?: string;
    readonly durationMs: number;
  }): void;
}

/** `POST /webhooks/<provider>`: events of other services (HOOK-1 to HOOK-10). */
export function webhookRoutes(intake: Intake, watch: WebhookWatch): Route[] {
  return [
    {
      method: 'POST',
      path: '/webhooks/*',
      access: 'open',
      answer: async (request) => {
        const begun = performance.now();
        const { rest: provider, remote } = request;
        const outcome = await take(intake, request);
        const { state } = outcome;
        const why = 'why' in outcome ? { why: outcome.why } : {};
        watch.taken({ provider, remote, state, ...why, durationMs: performance.now() - begun });
        return answerTo(outcome);
      },
    },
  ];
}

async function take(intake: Intake, request: HttpRequest): Promise<Outcome> {
  const { rest: provider, headers, query } = request;
  const body = await request.body(LIMITS.webhookBodyBytes);
  return intake.take({ provider, headers, body, tenant: query.get('tenant') ?? undefined });
}

function answerTo(outcome: Outcome): HttpAnswer {
  switch (outcome.state) {
    case 'accepted':
      return { status: 200, body: { id: outcome.id } };
    case 'duplicate':
      return { status: 200, body: { id: outcome.id, duplicate: true } };
    case 'challenge':
      return { status: 200, body: { challenge: outcome.challenge } };
    case 'tenant missing':
      throw refusal(400, 'WEBHOOK_TENANT_MISSING');
    case 'refused':
      throw refusal(401, 'WEBHOOK_REFUSED');
    case 'unfit':
      throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: outcome.message });
    case 'unavailable':
      throw new HttpRefusal(503, { code: 'UNAVAILABLE' }, { 'Retry-After': '5' });
  }
}

function refusal(status: number, code: 'WEBHOOK_TENANT_MISSING' | 'WEBHOOK_REFUSED'): HttpRefusal {
  return new HttpRefusal(status, { code, remedy: serverErrors[code].remedy });
}
