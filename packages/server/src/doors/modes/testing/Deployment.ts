import { SignJWT } from 'jose';
import type { ServerConfigInput } from '../../../config/schema.js';
import type { ServerCoordinator } from '../../../ServerCoordinator.js';
import { JsonClient } from '../../ws/testing/JsonClient.js';

export const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';

export const webhookSecret = 'generic-secret-0123456789';

/** What the nodes of a deployment are to have in common, whatever is between them. */
export const SENDERS = [{ provider: 'twilio', tenant: 'acme', secrets: [webhookSecret] }];

export const POLICIES: NonNullable<ServerConfigInput['policies']> = [
  { role: '*', map: 'topic:tenant/{tenant_id}', actions: ['READ', 'PUT'] },
  { role: '*', map: 'topic:user/{sub}', actions: ['READ'] },
  { role: 'user', map: 'topic:user/*', actions: ['PUT'] },
  { role: 'user', map: 'topic:room/**', actions: ['READ', 'PUT'] },
  { role: 'user', map: 'topic:presence/**', actions: ['READ'] },
];

/** Nodes of one deployment, and who asks them: each request goes to the next one, and nothing sticks to any. */
export class Deployment {
  readonly urls: readonly string[];
  readonly nodes: readonly ServerCoordinator[];
  readonly stop: () => Promise<void>;
  #turn = 0;
  readonly #clients: JsonClient[] = [];

  constructor({ urls, nodes, stop }: Pick<Deployment, 'urls' | 'nodes' | 'stop'>) {
    this.urls = urls;
    this.nodes = nodes;
    this.stop = async () => {
      for (const { ws } of this.#clients) ws.terminate();
      await stop();
    };
  }

  next(path: string): string {
    return `${this.urls[this.#turn++ % this.urls.length]}${path}`;
  }

  /** Asks as a user of the tenant acme. */
  async ask(path: string, init: RequestInit = {}, user = 'ann'): Promise<Response> {
    const headers = { Authorization: `Bearer ${await tokenOf(user)}` };
    return fetch(this.next(path), { ...init, headers });
  }

  async publish(topic: string, data: unknown): Promise<{ epoch: string; offset: number }> {
    const body = JSON.stringify({ data, name: 'said' });
    const response = await this.ask(`/api/topics/${topic}`, { method: 'POST', body });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as { epoch: string; offset: number };
  }

  /** A socket of /ws that has joined its own channels, and those that it comes back to. */
  async socket(
    user: string,
    { tenant = 'acme', resume = [] }: { tenant?: string; resume?: string[] } = {},
  ): Promise<JsonClient> {
    const { port } = new URL(this.next('/'));
    const header = `Bearer ${await tokenOf(user, tenant)}`;
    const query = `?${resume.map((place) => `resume=${encodeURIComponent(place)}`).join('&')}`;
    const client = await JsonClient.open(Number(port), { header, query });
    if (typeof client === 'number') throw new Error(`The handshake was answered ${client}.`);
    this.#clients.push(client);
    await client.take('system');
    // Over Redis a channel is joined later than a ping is answered, and what is said before is not heard.
    const own = new Set([`tenant/${tenant}`, `user/${user}`, ...resume.map((place) => place.split('@')[0])]);
    const joined = [];
    for (const wanted of own)
      joined.push(await client.find(({ type, topic }) => type === 'subscribed' && topic === wanted));
    client.received.unshift(...joined);
    return client;
  }
}

function tokenOf(sub: string, tenant = 'acme'): Promise<string> {
  return new SignJWT({ tenant_id: tenant, roles: ['user'], scope: 'ws:connect' })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer('topgun')
    .setAudience('topgun')
    .setIssuedAt()
    .setExpirationTime('30m')
    .sign(new TextEncoder().encode(SECRET));
}
