import { TopGunError } from '@topgun/core';
import { LIMITS, valueToJson } from '@topgun/protocol';
import * as z from 'zod';
import { checkTopic } from '../topics/checkMessage.js';
import type { Position, PublishOptions, Topics } from '../topics/ports.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';

const bodySchema = z.strictObject({
  data: z.unknown(),
  name: z.string().optional(),
  id: z.string().optional(),
  ttlMs: z.int().positive().optional(),
});

/**
 * `/api/topics/<topic>`: publishes with POST `{ data, name?, id?, ttlMs? }`, and reads what is kept with GET
 * `?after=<epoch>:<offset>&limit=` (HUB-11). A topic is written as it is, with `%` for what a path cannot hold.
 */
export function topicRoutes(topics: () => Topics | undefined): Route[] {
  return [
    {
      method: 'POST',
      path: '/api/topics/*',
      access: 'user',
      answer: (request) => toldByTopics(() => publish(topics(), request)),
    },
    {
      method: 'GET',
      path: '/api/topics/*',
      access: 'user',
      answer: (request) => toldByTopics(() => history(topics(), request)),
    },
  ];
}

async function publish(topics: Topics | undefined, request: HttpRequest): Promise<HttpAnswer> {
  const { principal } = request;
  if (topics === undefined || principal === undefined) throw unavailable();
  const topic = topicIn(request);
  const json = await request.json(LIMITS.topicBodyBytes);
  const parsed = bodySchema.safeParse(json);
  if (!parsed.success || !Object.hasOwn(json as object, 'data'))
    throw new HttpRefusal(400, {
      code: 'BAD_MESSAGE',
      message: 'The body is not { data, name?, id?, ttlMs? }.',
    });
  const { data, name, id: asked, ttlMs } = parsed.data;
  const options: PublishOptions = {
    ...(name !== undefined && { name }),
    ...(asked !== undefined && { id: asked }),
    ...(ttlMs !== undefined && { ttlMs }),
  };
  const { epoch, offset, id, ts } = await topics.publish(topic, data, principal, options);
  return { status: 200, body: { epoch, offset, id, ts } };
}

async function history(topics: Topics | undefined, request: HttpRequest): Promise<HttpAnswer> {
  const { principal, query } = request;
  if (topics === undefined || principal === undefined) throw unavailable();
  const topic = topicIn(request);
  checkTopic(topic);
  if (topics.mayHear(topic, principal) && !topics.isLogged(topic))
    throw new HttpRefusal(404, { code: 'NOT_FOUND', message: 'This topic keeps no messages.' });
  const found = await topics.history(
    topic,
    principal,
    placeIn(query.get('after')),
    limitIn(query.get('limit')),
  );
  const { messages, ...about } = found;
  return {
    status: 200,
    body: {
      ...about,
      messages: messages.map(({ epoch, offset, id, name, data, from, node, ts }) => {
        return { epoch, offset, id, name, data: valueToJson(data), from, node, ts };
      }),
    },
  };
}

/** The topic that the `*` of a route stands for. Throws 400. */
export function topicIn({ rest }: HttpRequest): string {
  try {
    return decodeURIComponent(rest);
  } catch {
    throw new HttpRefusal(400, { code: 'BAD_REQUEST', message: 'The topic in the path is not UTF-8.' });
  }
}

/** Throws 400. */
function placeIn(text: string | null): Position | undefined {
  if (text === null) return undefined;
  const [, epoch, offset] = /^([^:]{0,64}):(\d{1,16})$/.exec(text) ?? [];
  if (epoch === undefined || !Number.isSafeInteger(Number(offset))) throw wrong('after', '<epoch>:<offset>');
  return { epoch, offset: Number(offset) };
}

/** Throws 400. */
function limitIn(text: string | null): number {
  const limit = Number(text ?? 100);
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.topicHistory)
    throw wrong('limit', `1 to ${LIMITS.topicHistory}`);
  return limit;
}

/** What the hub refuses, as HTTP says it. Refusals of other kinds pass. */
export async function toldByTopics(answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer();
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

const STATUS: Readonly<Record<string, number>> = {
  TOPIC_DENIED: 403,
  TOPIC_INVALID: 400,
  TOPIC_FULL: 429,
  TOPIC_FULL_BYTES: 507,
  BUS_UNAVAILABLE: 503,
};

function refusalOf(error: unknown): HttpRefusal | undefined {
  if (!(error instanceof TopGunError)) return undefined;
  const { code, message, remedy, retriable } = error;
  const status = STATUS[code];
  if (status === undefined) return undefined;
  return new HttpRefusal(status, { code, message, remedy }, retriable ? { 'Retry-After': '1' } : {});
}

const wrong = (name: string, allowed: string): HttpRefusal =>
  new HttpRefusal(400, { code: 'BAD_REQUEST', message: `${name} is not ${allowed}.` });

const unavailable = (): HttpRefusal => new HttpRefusal(503, { code: 'UNAVAILABLE' });
