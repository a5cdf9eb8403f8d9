import { TopGunError } from '@topgun/core';
import * as z from 'zod';
import { cliError } from './cliErrors.js';

/** How long a server may take to begin an answer. */
const ANSWER_MS = 30_000;

const refusalSchema = z.looseObject({
  code: z.string(),
  message: z.string().optional(),
  remedy: z.string().optional(),
});

export interface ServerTarget {
  /** `http://` or `https://` address of the server */
  readonly url: string;
  readonly token: string | undefined;
}

/** How often a server that is busy, or asked too often, is asked again at its word. */
const PATIENCE = 20;
const LATER: ReadonlySet<number> = new Set([429, 503]);
const WAIT_S_MIN = 0.1;
const WAIT_S_MAX = 30;

/** One request to a running server, with a body of JSON, made again as long as it asks to be. Throws URL_INVALID, SERVER_UNREACHABLE, TOKEN_REFUSED, ADMIN_REFUSED, and what the server refuses with. */
export async function askServer(
  target: ServerTarget,
  path: string,
  method = 'GET',
  body?: unknown,
): Promise<Response> {
  for (let left = PATIENCE; ; left--) {
    const response = await request(target, path, method, body);
    if (response.ok) return response;
    const waitS = Number(response.headers.get('Retry-After') ?? Number.NaN);
    if (!LATER.has(response.status) || !(waitS <= WAIT_S_MAX) || left === 0)
      throw await refusalOf(response, path);
    await new Promise((resolve) => setTimeout(resolve, Math.max(waitS, WAIT_S_MIN) * 1000));
  }
}

async function request(
  { url, token }: ServerTarget,
  path: string,
  method: string,
  body: unknown,
): Promise<Response> {
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url))
    throw cliError('URL_INVALID', `--url is "${url}".`);
  // The answer may then take as long as it takes: a backup is long.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  try {
    return await fetch(new URL(path, url), {
      method,
      headers: {
        ...(token !== undefined && { Authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: late.signal,
    });
  } catch (error) {
    throw cliError('SERVER_UNREACHABLE', `No TopGun server answers at ${url}.`, error);
  } finally {
    clearTimeout(timer);
  }
}

/** The JSON of an answer. Throws SERVER_ANSWER when it is not what is expected. */
export async function jsonOf<S extends z.ZodType>(response: Response, schema: S): Promise<z.output<S>> {
  const answer = schema.safeParse(await response.json().catch(() => undefined));
  if (answer.success) return answer.data;
  throw cliError('SERVER_ANSWER', `${new URL(response.url).pathname} answered something else.`);
}

async function refusalOf(response: Response, path: string): Promise<TopGunError> {
  const refusal = refusalSchema.safeParse(await response.json().catch(() => undefined));
  const { status } = response;
  const place = path.split('?')[0];
  if (status === 401)
    return cliError(
      'TOKEN_REFUSED',
      `The server answers ${place} to nobody without a token that it accepts.`,
    );
  if (status === 403 && refusal.data?.message === undefined)
    return cliError('ADMIN_REFUSED', `The server refuses ${place} to this token.`);
  if (!refusal.success) return cliError('SERVER_ANSWER', `${path} answered ${status}.`);
  const {
    code,
    message = `${path} answered ${status}.`,
    remedy = 'See the log of the server.',
  } = refusal.data;
  return new TopGunError({ code, message, remedy, retriable: status >= 500 });
}
