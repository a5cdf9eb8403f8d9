import { createHmac, randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { RawSocket } from '../src/permissionOracle/process/RawSocket.js';

const canary = (where: string): string => `canary${where}${randomBytes(16).toString('hex')}`;
const KEY = randomBytes(32).toString('base64');

/** Words that are put into the doors of topics, and are to be nowhere else. */
export const doorWords = {
  webhookSecret: canary('WebhookSecret'),
  webhookKey: KEY,
  webhookTenant: canary('WebhookTenant'),
  webhookSignature: canary('WebhookSignature'),
  webhookBody: canary('WebhookBody'),
  hookAddress: canary('HookAddress'),
  hookSecret: `whsec_${KEY}`,
  bypass: canary('Bypass'),
  mailbox: randomBytes(32).toString('hex'),
  sealed: canary('Sealed'),
  verified: canary('Verified'),
  topic: canary('Topic'),
  said: canary('Said'),
  event: canary('Event'),
  state: canary('State'),
  place: canary('Place'),
  wsToken: canary('WsToken'),
  wsFrame: canary('WsFrame'),
  sseToken: canary('SseToken'),
};

/** The secrets of those who send webhooks, in a file. */
export function sendersIn(folder: string): string {
  const file = join(folder, 'webhooks.json');
  const { webhookSecret, webhookTenant } = doorWords;
  const senders = [{ provider: 'twilio', tenant: webhookTenant, secrets: [webhookSecret] }];
  writeFileSync(file, JSON.stringify({ senders }));
  return file;
}

/** Uses every door of topics, rightly and wrongly, with a canary in everything that can hold one. */
export async function knockAtDoors(
  url: string,
  { user, admin }: { readonly user: string; readonly admin: string },
): Promise<void> {
  const { webhookSecret, webhookTenant, webhookSignature, webhookBody, mailbox, topic, place } = doorWords;
  const bearer = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` });
  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: unknown) =>
    headOf(url, method, path, headers, body);

  // Event streams: a token that is good, and one that is not, in the query; a position that is none.
  for (const token of [user, doorWords.sseToken])
    await ask('GET', `/events/subscribe?topics=${topic}&token=${token}&lastEventId=${place}`);

  // The JSON WebSocket: the token in the address, in a subprotocol, in the first frame.
  const ports = { port: Number(new URL(url).port) };
  await socket(ports.port, `/ws?token=${user}`, {}, { type: 'message', topic, payload: doorWords.wsFrame });
  await socket(ports.port, '/ws', {}, { type: 'auth', payload: { token: doorWords.wsToken } });
  await socket(ports.port, '/ws', {}, doorWords.wsFrame);
  for (const path of [`/ws?token=${doorWords.wsToken}`, `/ws?token=${user}&resume=${place}`])
    await socket(ports.port, path, {}, {}).catch(() => undefined);
  const offered = { 'Sec-WebSocket-Protocol': `topgun, topgun.bearer.${doorWords.wsToken}` };
  await socket(ports.port, '/ws', offered, {}).catch(() => undefined);

  // The message bridge.
  await ask('GET', `/bridge/events?client_id=${mailbox}&last_event_id=${place}`);
  await ask('GET', `/bridge/events?client_id=${mailbox}`, bearer(doorWords.bypass));
  const post = `/bridge/message?client_id=${mailbox}&to=${mailbox}&ttl=300`;
  await ask('POST', post, bearer(doorWords.bypass), doorWords.sealed);
  await ask('POST', `${post}&ttl=${place}`, {}, doorWords.sealed);
  await ask('POST', '/bridge/verify', {}, { client_id: mailbox, url: `https://${doorWords.verified}/` });

  // Webhooks: in, signed and not; out, to an address where nobody is.
  const body = JSON.stringify({ body: webhookBody });
  const signature = `sha256=${createHmac('sha256', webhookSecret).update(body).digest('hex')}`;
  for (const signed of [signature, webhookSignature])
    await ask('POST', `/webhooks/twilio?tenant=${webhookTenant}`, { 'x-signature': signed }, body);
  const address = `https://127.0.0.1:1/${doorWords.hookAddress}`;
  const order = { url: address, topics: [topic], secret: doorWords.hookSecret };
  await ask('POST', '/api/webhooks', bearer(admin), order);

  // Topics and presence.
  const said = { data: doorWords.said, name: doorWords.event.slice(0, 60) };
  await ask('POST', `/api/topics/${topic}`, bearer(user), said);
  await ask('POST', `/api/topics/${topic}`, bearer(user), doorWords.said);
  await ask('GET', `/api/topics/room/${topic}?after=${place}`, bearer(user));
  await ask('PUT', `/api/presence/room/${topic}`, bearer(user), { state: doorWords.state });
}

/** Resolves with the status as soon as it is there; what follows is not read. */
function headOf(
  url: string,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(new URL(path, url), { method, headers, agent: false }, (answer) => {
      resolve(answer.statusCode ?? 0);
      answer.on('error', () => undefined);
      asked.destroy();
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** Says one thing at `/ws`, and goes when the server has said something that is not its welcome. */
async function socket(
  port: number,
  path: string,
  headers: Record<string, string>,
  frame: object | string,
): Promise<void> {
  let said = 0;
  const raw = await RawSocket.open(port, () => said++, { path, headers });
  raw.send(typeof frame === 'string' ? frame : JSON.stringify({ ...frame, message_id: 'last' }));
  while (said < (path.includes('token=') ? 2 : 1) && raw.closed === undefined)
    await new Promise((resolve) => setImmediate(resolve));
  raw.end();
}
