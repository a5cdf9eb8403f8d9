import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@topgun/protocol';
import { pino } from 'pino';
import { Webhook as Standard } from 'standardwebhooks';
import { Webhook as Svix } from 'svix';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerCoordinator } from '../ServerCoordinator.js';
import type { SharedMessage, Subscriber } from '../topics/ports.js';
import { SERVER_PRINCIPAL } from '../topics/serverPrincipal.js';
import { drawSecret } from '../webhooks/out/signDelivery.js';

const generic = 'generic-secret-0123456789';
const whsec = [drawSecret(), drawSecret()] as const;
const other = drawSecret();
const SENDERS = [
  { provider: 'twilio', tenant: 'acme', secrets: [generic] },
  { provider: 'shop', tenant: 'acme', secrets: whsec },
  { provider: 'shop', tenant: 'other', secrets: [other] },
];
const WAIT = { timeout: 20_000, interval: 20 };

let folder: string;
let server: ServerCoordinator;
let log: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'topgun-webhooks-'));
  log = '';
  await write(SENDERS);
  await start();
});
afterEach(async () => {
  await server.shutdown();
  await rm(folder, { recursive: true });
});

const write = (senders: unknown): Promise<void> =>
  writeFile(join(folder, 'webhooks.json'), JSON.stringify({ senders }));

async function start(): Promise<void> {
  server = new ServerCoordinator(
    {
      ...{ port: 0, dev: true, drainMs: 50 },
      dataDir: join(folder, 'data'),
      webhooksFile: join(folder, 'webhooks.json'),
    },
    {
      logger: pino({ level: 'trace' }, { write: (line: string) => (log += line) }),
    },
  );
  await server.start();
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

async function post(path: string, body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(`http://127.0.0.1:${server.port}/webhooks/${path}`, {
    method: 'POST',
    body,
    headers,
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** Signed with `x-signature`, as a generic sender does. */
function twilio(body: string, headers: Record<string, string> = {}): Promise<Answer> {
  const digest = createHmac('sha256', generic).update(body).digest('hex');
  return post('twilio', body, { 'x-signature': `sha256=${digest}`, 'x-tenant-id': 'acme', ...headers });
}

/** Signed by a library of the Standard Webhooks. */
function shop(
  signer: Standard | Svix,
  body: string,
  id: string,
  part: Record<string, string> = {},
): Promise<Answer> {
  const now = new Date();
  return post('shop?tenant=acme', body, {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': signer.sign(id, now, body),
    ...part,
  });
}

/** What a subscriber of a topic hears. */
async function hearing(
  topic = 'tenant/acme',
  part: Partial<Subscriber> = {},
): Promise<SharedMessage['message'][]> {
  const heard: SharedMessage['message'][] = [];
  const subscriber: Subscriber = {
    principal: SERVER_PRINCIPAL,
    deliver: ({ message }) => {
      heard.push(message);
    },
    lost: () => undefined,
    ended: () => undefined,
    ...part,
  };
  await server.topics?.subscribe(topic, subscriber);
  return heard;
}

describe('POST /webhooks/:provider', () => {
  it('[HOOK-6] [HOOK-9] [S003-17] an event that is rightly signed reaches the tenant, and nobody else', async () => {
    const [acme, others] = [await hearing(), await hearing('tenant/other')];
    const body = '{"event":"message.delivered","sid":"SM1"}';
    const answer = await twilio(body, { 'content-type': 'application/json' });
    expect(answer).toEqual({ status: 200, body: { id: expect.stringMatching(/^[\da-f]{64}$/) } });
    await vi.waitFor(() => expect(acme).toHaveLength(1), WAIT);
    expect(acme[0]).toMatchObject({
      name: 'webhook.twilio',
      from: 'webhook:twilio',
      data: { id: answer.body.id, provider: 'twilio', payload: JSON.parse(body) },
    });
    expect(others).toEqual([]);
  });

  it('[HOOK-6] [S003-5] a signature is asked for first: without one, or from a sender that is not known, nothing is taken in', async () => {
    const heard = await hearing();
    const body = '{"event":"message.delivered","sid":"SM2"}';
    for (const sender of ['twilio', 'nobody'])
      expect([sender, (await post(`${sender}?tenant=acme`, body)).status]).toEqual([sender, 401]);
    expect((await twilio(body, { 'content-type': 'application/json' })).status).toBe(200);
    await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT);
  });

  it('[HOOK-2] [HOOK-3] [S003-19] `standardwebhooks` and `svix` are believed with either secret, and not when anything was changed', async () => {
    const body = '{"type":"order.paid","text":"grün"}';
    let n = 0;
    for (const secret of whsec)
      for (const signer of [new Standard(secret), new Svix(secret)])
        expect((await shop(signer, body, `msg_${++n}`)).status).toBe(200);
    const signer = new Standard(whsec[0]);
    const good = signer.sign('msg_9', new Date(), body);
    const late = new Date(Date.now() - LIMITS.webhookToleranceMs - 2_000);
    for (const refused of [
      shop(new Standard(other), body, 'msg_9'),
      shop(new Svix(drawSecret()), body, 'msg_9'),
      shop(signer, body, 'msg_9', {
        'webhook-signature': signer.sign('msg_9', new Date(), body.replace('grün', 'grau')),
      }),
      shop(signer, body, 'msg_9', { 'webhook-id': 'msg_10' }),
      shop(signer, body, 'msg_9', { 'webhook-signature': good.slice(0, -5) }),
      shop(signer, body, 'msg_9', {
        'webhook-timestamp': String(Math.floor(late.getTime() / 1000)),
        'webhook-signature': signer.sign('msg_9', late, body),
      }),
      post('shop?tenant=other', body, {
        'webhook-id': 'msg_9',
        'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
        'webhook-signature': good,
      }),
      post('nobody?tenant=acme', body),
    ]) {
      const answer = await refused;
      expect([answer.status, answer.body.code]).toEqual([401, 'WEBHOOK_REFUSED']);
      // All of them read the same.
      expect(Object.keys(answer.body)).toEqual(['code', 'remedy']);
    }
    expect((await shop(signer, body, 'msg_9')).status).toBe(200);
  });

  it('[HOOK-6] 413 for a body over the limit, 400 without a tenant, 405 for another method', async () => {
    expect((await twilio('x'.repeat(LIMITS.webhookBodyBytes + 1))).status).toBe(413);
    expect((await twilio('x'.repeat(LIMITS.webhookBodyBytes))).status).toBe(200);
    expect(await twilio('{}', { 'x-tenant-id': '' })).toMatchObject({
      status: 400,
      body: { code: 'WEBHOOK_TENANT_MISSING' },
    });
    const response = await fetch(`http://127.0.0.1:${server.port}/webhooks/twilio`);
    expect(response.status).toBe(405);
  });

  it('[HOOK-7] [HOOK-8] an event is published once, also when the server was started again in between', async () => {
    const first = await twilio('{"n":1}');
    expect(await twilio('{"n":1}')).toEqual({ status: 200, body: { id: first.body.id, duplicate: true } });
    await server.shutdown();
    await start();
    const heard = await hearing();
    expect(await twilio('{"n":1}')).toEqual({ status: 200, body: { id: first.body.id, duplicate: true } });
    await twilio('{"n":2}');
    await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT);
    expect(heard[0]?.data).toMatchObject({ payload: '{"n":2}' });
  });

  it('[HOOK-6] [S003-20] subscribers that are slow delay no answer', async () => {
    // One that is never ready for more.
    const stuck = { ready: () => new Promise<void>(() => undefined) };
    const heard = await hearing('tenant/acme', stuck);
    for (let n = 0; n < 50; n++) expect((await twilio(`{"n":${n}}`)).status).toBe(200);
    expect(heard.length).toBeGreaterThan(0);
  });

  it('[HOOK-6] [S003-20] what was answered is in a log that the end of the process leaves', async () => {
    await twilio('{"n":1}', { 'content-type': 'application/json' });
    await server.shutdown();
    await start();
    const history = await server.topics?.history('webhook/acme', SERVER_PRINCIPAL, undefined, 10);
    expect(history?.messages.map(({ data }) => data)).toMatchObject([{ payload: { n: 1 } }]);
  });

  it('[HOOK-1] other secrets hold within seconds, and a file that is faulty changes nothing', async () => {
    await write([{ ...SENDERS[0], secrets: ['another-secret-0123456789'] }]);
    await vi.waitFor(async () => expect((await twilio('{"n":1}')).status).toBe(401), WAIT);
    await write([...SENDERS, ...SENDERS]);
    await vi.waitFor(() => expect(log).toContain('the senders of before stay'), WAIT);
    expect((await twilio('{"n":1}')).status).toBe(401);
    await write(SENDERS);
    await vi.waitFor(async () => expect((await twilio('{"n":1}')).status).toBe(200), WAIT);
  });

  it('[HOOK-1] no secret is ever logged', async () => {
    await twilio('{"n":1}');
    await post('twilio?tenant=acme', '{}', { 'x-signature': `sha256=${'0'.repeat(64)}` });
    await write('nonsense');
    await vi.waitFor(() => expect(log).toContain('the senders of before stay'), WAIT);
    expect(log).toContain('webhook refused');
    for (const secret of [generic, ...whsec, other]) {
      expect(log).not.toContain(secret);
      expect(log).not.toContain(secret.slice(6, 30));
    }
  });

  it('[HOOK-1] a file that cannot be used stops the start, by its place', async () => {
    await server.shutdown();
    await write([{ ...SENDERS[0], secrets: ['short'] }]);
    await expect(start()).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(/senders\.0\.secrets\.0 is no secret of the scheme generic/),
    });
  });

  it('[HOOK-6] [S003-30] metrics count what became of events', async () => {
    await twilio('{"n":1}');
    await twilio('{"n":1}');
    await post('twilio?tenant=acme', '{}');
    const text = await (await fetch(`http://127.0.0.1:${server.port}/metrics`)).text();
    for (const line of [
      'topgun_webhooks_received_total{result="accepted"} 1',
      'topgun_webhooks_received_total{result="duplicate"} 1',
      'topgun_webhooks_received_total{result="refused"} 1',
      'topgun_webhook_duration_seconds_count 3',
    ])
      expect(text).toContain(line);
  });
});

describe('webhooks out of topics', () => {
  it('[HOOK-23] tell values that came over a binary socket and that JSON has no word for', async () => {
    const ask = (path: string, body?: unknown): Promise<Response> =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      });
    await ask('/api/webhooks', { url: 'https://127.0.0.1:1/', topics: ['news'] });
    await vi.waitFor(async () => {
      await server.publish('news', { big: 7n, at: new Date(0), raw: new Uint8Array([255]) });
      expect(await (await ask('/api/webhooks')).text()).toMatch(/"waiting":[1-9]/);
    }, WAIT);
  });

  it('[HOOK-24] go on where they were after a restart, and repeat nothing', async () => {
    const api = (path: string, body?: unknown) =>
      fetch(`http://127.0.0.1:${server.port}${path}`, {
        ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
      });
    // Nobody listens there: what is told waits, and is seen to.
    await api('/api/webhooks', { url: 'https://127.0.0.1:1/', topics: ['webhook/acme'] });
    const waiting = async (): Promise<number> => {
      const { subscriptions } = (await (await api('/api/webhooks')).json()) as {
        subscriptions: { waiting: number }[];
      };
      return subscriptions[0]?.waiting ?? 0;
    };
    await twilio('{"n":1}');
    await vi.waitFor(async () => expect(await waiting()).toBe(1), WAIT);
    await server.shutdown();
    // Another life, in which the message is not said again.
    await start();
    await vi.waitFor(async () => expect(await waiting()).toBe(1), WAIT);
    await twilio('{"n":2}');
    await vi.waitFor(async () => expect(await waiting()).toBe(2), WAIT);
  });
});
