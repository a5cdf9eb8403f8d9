import { randomUUID } from 'node:crypto';
import { MemoryAdapter } from '@topgun/adapters';
import { TopGunClient } from '@topgun/client';
import { type EventSubscription, type EventsOptions, subscribeEvents } from '@topgun/client/events';
import { TopGunHttp } from '@topgun/client/http';
import { SignJWT } from 'jose';
import { inject, onTestFinished } from 'vitest';
import type { Target } from '../targets/Target.js';
import { JsonSocket } from './JsonSocket.js';
import { NextNode } from './NextNode.js';

const target: Target = inject('target');
let turn = 0;

/** The node that is next: whoever asks twice asks two of them, where there are several. */
export const nextUrl = (): string => target.urls[turn++ % target.urls.length] as string;

/** Every node once. */
export const allUrls = target.urls;

export const { webhookSecret, operator } = target;

export interface Who {
  readonly sub: string;
  readonly roles?: readonly string[];
  readonly tenant?: string;
  readonly jti?: string;
}

function tokenOf({ sub, roles = ['user'], tenant = 'acme', jti }: Who): Promise<string> {
  const made = new SignJWT({ roles, tenant_id: tenant, scope: 'ws:connect', ...(jti && { jti }) })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer('topgun')
    .setAudience('topgun')
    .setIssuedAt()
    .setExpirationTime('1h');
  return made.sign(new TextEncoder().encode(target.jwtSecret));
}

/** A client on a device, which keeps what it holds when the client is closed. */
export interface Device {
  readonly client: TopGunClient;
  readonly way: NextNode;
  /** names what the device keeps; clients of one name are tabs of one device */
  readonly store: string;
}

/** Closed at the end of the test; the device may be gone on with by its store. */
export async function deviceOf(who: Who | string, store: string = fresh('device-')): Promise<Device> {
  const user = typeof who === 'string' ? { sub: who } : who;
  const way = new NextNode(() => nextUrl().replace(/^http/, 'ws'));
  const client = new TopGunClient({
    connectionProvider: way,
    storage: new MemoryAdapter(),
    storeName: store,
    token: await tokenOf(user),
    backoff: { baseMs: 20, capMs: 500 },
  });
  onTestFinished(() => client.close());
  return { client, way, store };
}

/** Three devices; where there are three nodes, one at each. */
export const threeDevices = async (): Promise<readonly [Device, Device, Device]> => [
  await deviceOf('ann'),
  await deviceOf('ben'),
  await deviceOf('cid'),
];

/** A request to the next node, whatever node the address names. */
export const fetchNext: typeof fetch = (input, init) => {
  const { pathname, search } = new URL(input instanceof Request ? input.url : input);
  return fetch(`${nextUrl()}${pathname}${search}`, init);
};

/** A back end, each of whose requests goes to the next node. */
export function backEnd(who: Who | string): TopGunHttp {
  const user = typeof who === 'string' ? { sub: who } : who;
  return new TopGunHttp({ url: target.urls[0] as string, token: () => tokenOf(user), fetch: fetchNext });
}

/** A plain request to the next node. */
export async function ask(
  path: string,
  { who = { sub: 'ann' }, body, ...init }: RequestInit & { readonly who?: Who; readonly body?: string } = {},
): Promise<Response> {
  const headers = { ...init.headers, Authorization: `Bearer ${await tokenOf(who)}` };
  return fetch(`${nextUrl()}${path}`, { ...init, headers, ...(body !== undefined && { body }) });
}

/** Events over HTTP, from the next node at each connection. */
export async function events<Events extends object>(
  sub: string,
  options: Omit<EventsOptions<Events>, 'url' | 'token' | 'fetch'>,
): Promise<EventSubscription> {
  const token = await tokenOf({ sub });
  const subscription = subscribeEvents<Events>({
    ...options,
    url: target.urls[0] as string,
    token,
    fetch: fetchNext,
  });
  onTestFinished(() => subscription.close());
  return subscription;
}

/** A JSON WebSocket to the next node. */
export const socketOf = async (who: Who, resume: readonly string[] = []): Promise<JsonSocket> => {
  const query = resume.map((place) => `resume=${encodeURIComponent(place)}`).join('&');
  return JsonSocket.open(`${nextUrl().replace(/^http/, 'ws')}/ws?${query}`, await tokenOf(who));
};

/** A name that no other test has. */
export const fresh = (prefix: string): string => `${prefix}${randomUUID().slice(0, 8)}`;
