import { describe, expect, it } from 'vitest';
import { TopGunHttp } from './TopGunHttp.js';

interface Asked {
  readonly url: string;
  readonly method: string;
  readonly authorization: string | null;
  readonly body: unknown;
}

/** A client whose server answers what the test says. */
function clientOf(answer: (signal: AbortSignal | null | undefined) => Response | Promise<Response>) {
  const asked: Asked[] = [];
  const topgun = new TopGunHttp({
    url: 'https://data.example.org/',
    token: () => 'token-1',
    timeoutMs: 20,
    fetch: async (url, init) => {
      const { method = 'GET', headers, body } = init ?? {};
      const authorization = new Headers(headers).get('authorization');
      asked.push({
        url: String(url),
        method,
        authorization,
        body: body == null ? undefined : JSON.parse(String(body)),
      });
      return answer(init?.signal);
    },
  });
  return { topgun, asked };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { status, headers });

describe('TopGunHttp', () => {
  it('[HUB-12] publishes with name, id and time to live, and tells the place', async () => {
    const place = { epoch: 'e', offset: 7, id: 'a', ts: 1 };
    const { topgun, asked } = clientOf(() => json(place));
    expect(await topgun.publish('room/ä b', { text: 'hi' }, { name: 'said', id: 'a', ttlMs: 5 })).toEqual(
      place,
    );
    expect(asked).toEqual([
      {
        url: 'https://data.example.org/api/topics/room/%C3%A4%20b',
        method: 'POST',
        authorization: 'Bearer token-1',
        body: { data: { text: 'hi' }, name: 'said', id: 'a', ttlMs: 5 },
      },
    ]);
  });

  it('[HUB-12] reads what is kept after a position', async () => {
    const history = { messages: [], recovered: true, latest: { epoch: 'e', offset: 7 }, hasMore: false };
    const { topgun, asked } = clientOf(() => json(history));
    expect(await topgun.history('room/1', { after: { epoch: 'e', offset: 6 }, limit: 5 })).toEqual(history);
    expect(asked[0]?.url).toBe('https://data.example.org/api/topics/room/1?limit=5&after=e%3A6');
  });

  it('[HUB-12] throws what the server refused, and says whether it may succeed later', async () => {
    const denied = clientOf(() => json({ code: 'TOPIC_DENIED', message: 'No.', remedy: 'Ask.' }, 403));
    await expect(denied.topgun.publish('t', 1)).rejects.toMatchObject({
      code: 'TOPIC_DENIED',
      message: 'No.',
      remedy: 'Ask.',
      status: 403,
      retriable: false,
    });
    const full = clientOf(() => json({ code: 'TOPIC_FULL' }, 429, { 'retry-after': '2' }));
    await expect(full.topgun.publish('t', 1)).rejects.toMatchObject({
      code: 'TOPIC_FULL',
      status: 429,
      retriable: true,
      retryAfterMs: 2_000,
    });
  });

  it('[HUB-12] throws where there was no answer, or none of such a server', async () => {
    const html = clientOf(() => new Response('<html>', { status: 200 }));
    await expect(html.topgun.history('t')).rejects.toMatchObject({ code: 'BAD_ANSWER', status: 200 });
    const broken = clientOf(() => new Response('<html>', { status: 502 }));
    await expect(broken.topgun.history('t')).rejects.toMatchObject({ code: 'BAD_ANSWER', retriable: true });
    const away = clientOf(() => Promise.reject(new TypeError('fetch failed')));
    await expect(away.topgun.history('t')).rejects.toMatchObject({
      code: 'NETWORK',
      status: 0,
      retriable: true,
    });
    const late = clientOf(
      (signal) => new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    );
    await expect(late.topgun.history('t')).rejects.toMatchObject({
      code: 'TIMEOUT',
      status: 0,
      retriable: true,
    });
  });
});
