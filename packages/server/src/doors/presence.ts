import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import type { Principal } from '../security/PermissionPolicy.js';
import type { Topics } from '../topics/ports.js';
import type { Presence } from '../topics/presence/Presence.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';
import { toldByTopics, topicIn } from './topics.js';

/** What the doors of presence ask of the server; undefined while it does not run, or announces nothing. */
export interface PresenceDoors {
  readonly presence: Presence;
  readonly topics: Topics;
}

const bodySchema = z.strictObject({
  state: z.unknown(),
  ttlMs: z.int().min(1_000).max(LIMITS.presenceLeaseMs).default(LIMITS.presenceStateMs),
});

/** `/api/presence/<topic>`: who is there with GET; a state of one's own with PUT and DELETE (PRES-1, PRES-4). */
export function presenceRoutes(doors: () => PresenceDoors | undefined): Route[] {
  const path = '/api/presence/*';
  const answering =
    (answer: (doors: PresenceDoors, who: Principal, request: HttpRequest) => Promise<HttpAnswer>) =>
    (request: HttpRequest): Promise<HttpAnswer> =>
      toldByTopics(async () => {
        const open = doors();
        if (open === undefined || request.principal === undefined)
          throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
        return answer(open, request.principal, request);
      });
  return [
    { method: 'GET', path, access: 'user', answer: answering(list) },
    { method: 'PUT', path, access: 'user', answer: answering(put) },
    { method: 'DELETE', path, access: 'user', answer: answering(remove) },
  ];
}

async function list({ presence }: PresenceDoors, who: Principal, request: HttpRequest): Promise<HttpAnswer> {
  const topic = topicIn(request);
  return { status: 200, body: { topic, present: await presence.list(topic, who) } };
}

async function put(
  { presence, topics }: PresenceDoors,
  who: Principal,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const topic = heard(topics, who, request);
  const parsed = bodySchema.safeParse(await request.json(2 * LIMITS.presenceStateBytes));
  const state = parsed.data?.state;
  if (!parsed.success || state === undefined || state === null)
    throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: 'The body is not { state, ttlMs? }.' });
  if (Buffer.byteLength(JSON.stringify(state)) > LIMITS.presenceStateBytes)
    throw new HttpRefusal(413, {
      code: 'LIMIT',
      message: `state has more than ${LIMITS.presenceStateBytes} bytes.`,
    });
  await presence.setState(topic, who, state, parsed.data.ttlMs);
  return { status: 200, body: { topic, ttlMs: parsed.data.ttlMs } };
}

async function remove(
  { presence, topics }: PresenceDoors,
  who: Principal,
  request: HttpRequest,
): Promise<HttpAnswer> {
  const topic = heard(topics, who, request);
  await presence.setState(topic, who, null, LIMITS.presenceLeaseMs);
  return { status: 200, body: { topic } };
}

/** Who may not hear a topic is not present there. Throws 403. */
function heard(topics: Topics, who: Principal, request: HttpRequest): string {
  const topic = topicIn(request);
  if (topics.mayHear(topic, who)) return topic;
  throw new HttpRefusal(403, { code: 'DENIED' });
}
