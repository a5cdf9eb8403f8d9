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

/** One request to a running server. Throws URL_INVALID, SERVER_UNREACHABLE, ADMIN_REFUSED, and what the server refuses with. */
export async function askServer(
  { url, token }: ServerTarget,
  path: string,
  method = 'GET',
): Promise<Response> {
  if (!/^https?:\/\/[^/]/i.test(url) || !URL.canParse(url))
    throw cliError('URL_INVALID', `--url is "${url}".`);
  // The answer may then take as long as it takes: a backup is long.
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  let response: Response;
  try {
    response = await fetch(new URL(path, url), {
      method,
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      signal: late.signal,
    });
  } catch (error) {
    throw cliError('SERVER_UNREACHABLE', `No TopGun server answers at ${url}.`, error);
  } finally {
    clearTimeout(timer);
  }
  if (response.ok) return response;
  throw await refusalOf(response, path);
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
  if (status === 401 || (status === 403 && refusal.data?.message === undefined)) {
    const why = refusal.data?.code ?? String(status);
    return cliError('ADMIN_REFUSED', `The server refuses ${path.split('?')[0]} to this token (${why}).`);
  }
  if (!refusal.success) return cliError('SERVER_ANSWER', `${path} answered ${status}.`);
  const {
    code,
    message = `${path} answered ${status}.`,
    remedy = 'See the log of the server.',
  } = refusal.data;
  return new TopGunError({ code, message, remedy, retriable: status >= 500 });
}
