import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LIMITS } from '@topgun/protocol';
import { afterEach, describe, expect, it } from 'vitest';
import { BridgePosts } from './BridgePosts.js';

const ID = 'a'.repeat(64);
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that tells of what it was asked. */
async function listening(answer: { status: number; headers?: Record<string, string> } = { status: 200 }) {
  const asked: { method: string; url: string; type: string; body: string }[] = [];
  let heard = (): void => undefined;
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    const { method = '', url = '', headers } = request;
    asked.push({ method, url, type: headers['content-type'] ?? '', body });
    response.writeHead(answer.status, answer.headers).end();
    heard();
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const until = async (count: number): Promise<void> => {
    while (asked.length < count) await new Promise<void>((resolve) => (heard = resolve));
  };
  return { asked, url, until };
}

describe('posts of the bridge', () => {
  it('[BRG-26] every webhook is told topic and body under the client id, and the copy gets query and body', async () => {
    const hooks = await listening();
    const copies = await listening();
    const failures: unknown[] = [];
    const posts = new BridgePosts({
      webhookUrls: [`${hooks.url}/one`, `${hooks.url}/two/`],
      copyToUrl: `${copies.url}/copy?old=1`,
      failed: (...failure) => failures.push(failure),
    });
    posts.accepted(
      ID,
      'sendTransaction',
      new URLSearchParams(`client_id=${ID}&topic=sendTransaction`),
      'b/"',
    );
    await hooks.until(2);
    await copies.until(1);
    expect(hooks.asked.map(({ url }) => url).sort()).toEqual([`/one/${ID}`, `/two/${ID}`]);
    expect(hooks.asked[0]).toMatchObject({ method: 'POST', type: 'application/json' });
    expect(JSON.parse(hooks.asked[0]?.body ?? '')).toEqual({ topic: 'sendTransaction', hash: 'b/"' });
    expect(copies.asked[0]).toMatchObject({
      method: 'POST',
      url: `/copy?client_id=${ID}&topic=sendTransaction`,
      body: 'b/"',
    });
    posts.accepted(ID, undefined, new URLSearchParams('x=1'), 'no topic');
    await copies.until(2);
    expect(hooks.asked).toHaveLength(2);
    expect(failures).toEqual([]);
  });

  it('[BRG-26] a redirect is not followed, and neither it nor a refusal is tried again', async () => {
    const elsewhere = await listening();
    const moved = await listening({ status: 307, headers: { Location: elsewhere.url } });
    const broken = await listening({ status: 500 });
    const failed: string[] = [];
    let told = (): void => undefined;
    const posts = new BridgePosts({
      webhookUrls: [moved.url, broken.url],
      copyToUrl: undefined,
      failed: (url) => {
        failed.push(url);
        told();
      },
    });
    posts.accepted(ID, 't', new URLSearchParams(), '');
    while (failed.length < 2) await new Promise<void>((resolve) => (told = resolve));
    expect([moved.asked.length, broken.asked.length, elsewhere.asked.length]).toEqual([1, 1, 0]);
  });

  it('[BRG-26] beyond so many at once the rest is left out and counted', async () => {
    const answers: (() => void)[] = [];
    let asked = 0;
    const posts = new BridgePosts({
      webhookUrls: ['http://hook.example'],
      copyToUrl: undefined,
      failed: () => undefined,
      fetch: () => {
        asked++;
        return new Promise((resolve) => answers.push(() => resolve(new Response())));
      },
    });
    const send = (): void => posts.accepted(ID, 't', new URLSearchParams(), '');
    for (let n = 0; n < LIMITS.bridgePosts + 3; n++) send();
    expect([asked, posts.leftOut]).toEqual([LIMITS.bridgePosts, 3]);
    for (const answer of answers.splice(0)) answer();
    await new Promise((resolve) => setImmediate(resolve));
    send();
    expect(asked).toBe(LIMITS.bridgePosts + 1);
  });
});
