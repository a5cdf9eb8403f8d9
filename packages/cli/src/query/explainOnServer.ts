import { type QueryFilter, TopGunError } from '@topgun/core';
import * as z from 'zod';
import { cliError } from '../cliErrors.js';

/** How long a server may take to run the query. */
const ANSWER_MS = 30_000;

const answerSchema = z.looseObject({ text: z.string(), explanation: z.looseObject({}) });
const refusalSchema = z.looseObject({ code: z.string(), message: z.string(), remedy: z.string() });

export interface ExplainTarget {
  readonly map: string;
  /** `http://` or `https://` address of the server. */
  readonly url: string;
  readonly token: string | undefined;
}

/** What the server does for a query: as text, and as data. Throws `SERVER_UNREACHABLE`, `EXPLAIN_REFUSED`, and what the server refuses. */
export async function explainOnServer(
  { map, url, token }: ExplainTarget,
  { where, sort, limit }: QueryFilter,
): Promise<z.infer<typeof answerSchema>> {
  const address = new URL('/api/explain', url);
  address.searchParams.set('query', JSON.stringify({ map, where, sort, limit }));
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(address, { headers, signal: AbortSignal.timeout(ANSWER_MS) });
    body = await response.json();
  } catch (error) {
    throw cliError('SERVER_UNREACHABLE', `No TopGun server answers at ${url}.`, error);
  }
  if (response.status === 401 || response.status === 403)
    throw cliError('EXPLAIN_REFUSED', `The server explains no query on ${map} to this token.`);
  const refusal = refusalSchema.safeParse(body);
  if (response.status === 400 && refusal.success)
    throw new TopGunError({ ...refusal.data, retriable: false });
  const answer = answerSchema.safeParse(body);
  if (!answer.success) throw cliError('SERVER_ANSWER', `${address.pathname} answered ${response.status}.`);
  return answer.data;
}
