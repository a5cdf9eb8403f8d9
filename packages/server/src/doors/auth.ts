import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import type { AuthService } from '../security/AuthService.js';
import type { LoginRefusal, SignedIn } from '../security/operators/Operators.js';
import type { Principal } from '../security/PermissionPolicy.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';

const loginSchema = z.strictObject({ name: z.string(), password: z.string() });
const setupSchema = z.strictObject({ token: z.string(), name: z.string(), password: z.string() });
const revokeSchema = z.union([
  z.strictObject({ jti: z.string() }),
  z.strictObject({ sub: z.string(), before: z.iso.datetime({ offset: true }).optional() }),
]);

const STATUS: Readonly<Record<string, number>> = {
  AUTH_FAILED: 401,
  NOT_FOUND: 404,
  RATE: 429,
  UNAVAILABLE: 503,
  REVOCATIONS_FULL: 507,
};

/** `/api/auth`: operators sign in and out (AUTH-51 to AUTH-53), administrators revoke (AUTH-43). */
export function authRoutes(service: () => AuthService | undefined): Route[] {
  const route = (
    method: Route['method'],
    name: string,
    access: Route['access'],
    answer: (auth: AuthService, request: HttpRequest) => Promise<HttpAnswer>,
  ): Route => ({
    method,
    path: `/api/auth/${name}`,
    access,
    answer: (request) => {
      const auth = service();
      if (auth === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
      return told(() => answer(auth, request));
    },
  });
  return [
    route('GET', 'status', 'open', async ({ operators }, { principal }) => ({
      status: 200,
      body: {
        login: operators.any,
        setup: operators.setupToken !== undefined,
        ...(principal !== undefined && { user: describe(principal) }),
      },
    })),
    route('POST', 'login', 'open', async ({ operators }, request) => {
      const { name, password } = await bodyOf(request, loginSchema);
      return signedIn(await operators.login(name, password, request.remote));
    }),
    route('POST', 'setup', 'open', async ({ operators }, request) => {
      const { token, name, password } = await bodyOf(request, setupSchema);
      return signedIn(await operators.setUp(token, name, password, request.remote));
    }),
    route('POST', 'refresh', 'user', async ({ operators }, { principal }) =>
      signedIn(principal === undefined ? { refused: 'AUTH_FAILED' } : await operators.refresh(principal)),
    ),
    route('POST', 'logout', 'user', async (auth, { principal }) => {
      const jti = principal?.claims.jti;
      if (typeof jti !== 'string')
        throw new HttpRefusal(400, { code: 'REVOCATION_INVALID', message: 'The token has no jti.' });
      await auth.revoke({ jti });
      return { status: 200, body: { revoked: true } };
    }),
    route('POST', 'revoke', 'admin', async (auth, request) => {
      const body = await bodyOf(request, revokeSchema);
      if ('jti' in body) await auth.revoke(body);
      else {
        const beforeMs = body.before === undefined ? undefined : Date.parse(body.before);
        await auth.revoke({ sub: body.sub, beforeMs });
      }
      return { status: 200, body: { revoked: true } };
    }),
  ];
}

function signedIn(result: SignedIn | LoginRefusal): HttpAnswer {
  if (!('refused' in result)) {
    const { token, expiresAtMs, roles } = result;
    return { status: 200, body: { token, expiresAt: new Date(expiresAtMs).toISOString(), roles } };
  }
  const { refused: code, ...rest } = result;
  const status = STATUS[code] ?? 500;
  if (!('retryAfterMs' in rest)) return { status, body: { code } };
  const headers = { 'Retry-After': String(Math.ceil(rest.retryAfterMs / 1000)) };
  return { status, body: { code, ...rest }, headers };
}

function describe({ sub, roles, expiresAtMs }: Principal): unknown {
  const end = expiresAtMs === undefined ? {} : { expiresAt: new Date(expiresAtMs).toISOString() };
  return { sub, roles, ...end };
}

async function bodyOf<S extends z.ZodType>(request: HttpRequest, schema: S): Promise<z.output<S>> {
  const body = schema.safeParse(await request.json(LIMITS.authBodyBytes));
  if (body.success) return body.data;
  // What was found may be a password.
  const path = body.error.issues[0]?.path.join('.') ?? '';
  const message = path === '' ? 'The body is not as it should be.' : `The body is wrong at ${path}.`;
  throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message });
}

/** What is wrong with a name, a password or a revocation is told to who sent it. */
async function told(answer: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof TopGunError) || !error.code.match(/^(OPERATOR|REVOCATIONS?)_/)) throw error;
    const { code, message, remedy } = error;
    throw new HttpRefusal(STATUS[code] ?? 400, { code, message, remedy });
  }
}
