import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { ServerCoordinator } from '../../../ServerCoordinator.js';

const SECRET = 'k3J9vQ2mX7pL0sRt8WzYbN4cD6fH1gAe';
const ROLES = { shop: 'BACKEND', other: 'BACKEND', guest: 'GUEST', banned: 'BACKEND' } as const;
type Person = keyof typeof ROLES;

const tokenOf = (sub: string, role: string): Promise<string> =>
  new SignJWT({ roles: [role] })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(sub)
    .setIssuer('topgun')
    .setAudience('topgun')
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(new TextEncoder().encode(SECRET));

export interface Asking {
  readonly body?: unknown;
  readonly key?: string;
  readonly as?: Person | 'nobody';
}

/** What an answer has to say. */
export function present<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('The answer does not say it.');
  return part;
}

/** What an answer may say; each says a part of it. */
export interface Told {
  readonly outcome?: string;
  readonly repeated?: boolean;
  readonly code?: string;
  readonly version?: string;
  readonly value?: unknown;
  readonly tags?: readonly (string | null)[];
  readonly elements?: readonly { readonly tag: string; readonly value: unknown }[];
  readonly results?: readonly Told[];
  readonly rows?: readonly { readonly key: string; readonly value: unknown }[];
  readonly next?: string;
  readonly tag?: string;
}

/** A server on a folder, and back ends that ask it over HTTP. */
export class RecordsRig {
  server = new ServerCoordinator({ logLevel: 'silent' });
  /** who wrote, as interceptors saw it */
  readonly present: string[] = [];
  readonly #tokens = new Map<string, string>();
  #folder = '';

  async open(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'topgun-records-'));
    for (const [sub, role] of Object.entries(ROLES)) this.#tokens.set(sub, await tokenOf(sub, role));
    await this.start();
  }

  /** Starts it, on what the one before has left. */
  async start(): Promise<void> {
    this.server = new ServerCoordinator(
      {
        port: 0,
        dataDir: this.#folder,
        logLevel: 'silent',
        drainMs: 50,
        jwtSecret: SECRET,
        policies: [
          { role: 'BACKEND', map: '**', actions: ['READ', 'PUT', 'REMOVE'] },
          {
            role: 'GUEST',
            map: 'todos',
            actions: ['READ'],
            fields: ['title'],
            where: { op: 'eq', path: 'open', value: true },
          },
          { role: 'GUEST', map: 'inbox', actions: ['PUT'] },
        ],
        resolvers: [
          { map: 'checked:*', resolver: 'VERSION_INCREMENT' },
          { map: 'once:*', resolver: 'FIRST_WRITE_WINS' },
        ],
      },
      {
        interceptors: [
          {
            name: 'door',
            onConnection: ({ principal: { sub } }) => sub !== 'banned',
            onBeforeOp: ({ connection, writes }) => {
              this.present.push(`${connection.principal.sub} ${connection.door}`);
              return writes.some(({ key }) => key === 'slowly')
                ? { action: 'delay', code: 'RATE', retryAfterMs: 3_000 }
                : undefined;
            },
          },
        ],
      },
    );
    await this.server.start();
  }

  async close(): Promise<void> {
    await this.server.shutdown();
    await rm(this.#folder, { recursive: true, force: true });
  }

  readonly ask = async (method: string, path: string, { body, key, as = 'shop' }: Asking = {}) => {
    const response = await fetch(`http://127.0.0.1:${this.server.port}${path}`, {
      method,
      headers: {
        ...(as !== 'nobody' && { Authorization: `Bearer ${this.#tokens.get(as)}` }),
        ...(key !== undefined && { 'Idempotency-Key': key }),
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return {
      status: response.status,
      retryAfter: response.headers.get('retry-after'),
      body: (await response.json()) as Told,
    };
  };

  readonly put = (
    map: string,
    key: string,
    value: unknown,
    more: Asking & { base?: string; ttlMs?: number } = {},
  ) => {
    const { base, ttlMs, ...asking } = more;
    const body = { value, base, ttlMs };
    return this.ask('PUT', `/api/records/${map}/${encodeURIComponent(key)}`, { ...asking, body });
  };

  readonly get = (map: string, key: string, as?: Asking['as']) =>
    this.ask('GET', `/api/records/${map}/${encodeURIComponent(key)}`, as && { as });

  readonly write = (ops: readonly unknown[], more: Asking & { atomic?: boolean } = {}) => {
    const { atomic, ...asking } = more;
    return this.ask('POST', '/api/records', { ...asking, body: { ops, atomic } });
  };

  readonly query = (question: unknown, as?: Asking['as']) =>
    this.ask('POST', '/api/query', { body: question, ...(as && { as }) });
}
