import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import type { Delivery } from '../engine/outbox/Delivery.js';
import { serverErrors } from '../errors.js';
import { isMapPattern } from '../security/policy/mapPattern.js';
import { keyOf } from '../webhooks/in/schemes.js';
import type { WebhookDesk } from '../webhooks/WebhookDesk.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';

const target = z.string().min(1).max(LIMITS.topicChars);
const orderSchema = z
  .strictObject({
    url: z.string().max(LIMITS.webhookUrlChars).refine(isAddress),
    maps: z.array(target.refine(isMapPattern)).default([]),
    topics: z.array(target).default([]),
    secret: z
      .string()
      .refine((secret) => keyOf('standard', secret) !== undefined)
      .optional(),
  })
  .refine(({ maps, topics }) => {
    const count = maps.length + topics.length;
    return count > 0 && count <= LIMITS.webhookTargets;
  });

/** `/api/webhooks`, for the role ADMIN: what is told to addresses outside (HOOK-20, HOOK-30, HOOK-32, HOOK-37). */
export function webhookSubscriptionRoutes(desk: WebhookDesk): Route[] {
  const admin = (method: Route['method'], path: string, answer: Route['answer']): Route => ({
    ...{ method, path, answer },
    access: 'admin',
    ...(method !== 'GET' && { lasts: true }),
  });
  return [
    admin('GET', '/api/webhooks', () => ({ status: 200, body: { subscriptions: list(desk) } })),
    admin('POST', '/api/webhooks', (request) => subscribe(desk, request)),
    admin('GET', '/api/webhooks/dead', () => ({ status: 200, body: { dead: desk.dead().map(describe) } })),
    admin('DELETE', '/api/webhooks/*', async ({ rest }) => done(await desk.unsubscribe(rest))),
    admin('POST', '/api/webhooks/*', async ({ rest }) => {
      const [, replayed] = /^dead\/([^/]+)\/replay$/.exec(rest) ?? [];
      if (replayed !== undefined) return done(await desk.replay(replayed));
      const [, id = '', verb] = /^([^/]+)\/(enable|secret)$/.exec(rest) ?? [];
      if (verb === 'enable') return done(await desk.enable(id));
      const secret = await desk.changeSecret(id);
      return secret === undefined ? done(false) : { status: 200, body: { secret } };
    }),
  ];
}

async function subscribe(desk: WebhookDesk, request: HttpRequest): Promise<HttpAnswer> {
  const order = orderSchema.safeParse(await request.json(LIMITS.webhookBodyBytes));
  const { remedy } = serverErrors.WEBHOOK_INVALID;
  if (!order.success) {
    const path = order.error.issues[0]?.path.join('.') ?? '';
    const message = path === '' ? 'The body is not as it should be.' : `The body is wrong at ${path}.`;
    throw new HttpRefusal(400, { code: 'WEBHOOK_INVALID', message, remedy });
  }
  const { principal } = request;
  // The router asks for an ADMIN.
  if (principal === undefined) throw new HttpRefusal(401, { code: 'AUTH_REQUIRED' });
  const made = await desk.subscribe(order.data, principal);
  if (made === undefined) {
    const message = `There are ${LIMITS.webhookSubscriptions} subscriptions already.`;
    throw new HttpRefusal(409, { code: 'LIMIT', message });
  }
  return { status: 201, body: { id: made.id, secret: made.secrets[0]?.secret } };
}

function list(desk: WebhookDesk): unknown[] {
  return desk.list().map(({ subscription, waiting, dropped }) => {
    const { id, url, maps, topics, by, createdMs, goneMs } = subscription;
    return {
      ...{ id, url, maps, topics, waiting, dropped },
      by: by.sub,
      createdAt: new Date(createdMs).toISOString(),
      ...(goneMs !== undefined && { goneAt: new Date(goneMs).toISOString() }),
    };
  });
}

/** Without its body, which is a row that not every administrator may read. */
function describe({ id, to, atMs, tries, fault, deadMs = 0, body }: Delivery): unknown {
  const [at, deadAt] = [atMs, deadMs].map((ms) => new Date(ms).toISOString());
  return { id, subscription: to, at, deadAt, tries, fault, bytes: body.length };
}

function done(isDone: boolean): HttpAnswer {
  if (!isDone) throw new HttpRefusal(404, { code: 'NOT_FOUND' });
  return { status: 200, body: {} };
}

function isAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === '';
}
