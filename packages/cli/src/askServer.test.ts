import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { askServer } from './askServer.js';

/** A server that refuses as told, and then answers; resolves with its address and what it was asked. */
async function refusing(...refusals: readonly [number, Record<string, string>][]) {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const [status, headers] = refusals[asked.length] ?? [200, {}];
    asked.push(`${request.method} ${request.url}`);
    response.writeHead(status, headers).end(JSON.stringify({ code: 'RATE' }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe('askServer', () => {
  it('[CLI-16] asks again, at its word, a server that is busy or asked too often', async () => {
    const { url, asked } = await refusing([429, { 'Retry-After': '0' }], [503, { 'Retry-After': '0' }]);
    expect((await askServer({ url, token: undefined }, '/api/x', 'POST', { a: 1 })).status).toBe(200);
    expect(asked).toEqual(['POST /api/x', 'POST /api/x', 'POST /api/x']);
  });

  it.each<[string, number, Record<string, string>]>([
    ['names no time', 429, {}],
    ['names a time too far off', 503, { 'Retry-After': '31' }],
    ['refuses for another reason', 409, { 'Retry-After': '0' }],
  ])('[CLI-16] hands on the refusal of one that %s', async (_, status, headers) => {
    const { url, asked } = await refusing([status, headers]);
    await expect(askServer({ url, token: undefined }, '/api/x')).rejects.toMatchObject({ code: 'RATE' });
    expect(asked).toHaveLength(1);
  });
});
