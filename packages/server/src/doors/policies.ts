import { TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { parsePolicies } from '../config/parsePolicies.js';
import type { EngineHost } from '../EngineHost.js';
import type { ServerEngine } from '../engine/ServerEngine.js';
import { serverErrors } from '../errors.js';
import { PermissionPolicy } from '../security/PermissionPolicy.js';
import type { PolicySources } from '../security/PolicySources.js';
import { ACTIONS } from '../security/policy/Policy.js';
import { type HttpAnswer, HttpRefusal, type HttpRequest, type Route } from './Route.js';

/** Undefined while the server is loading. */
export interface PolicyParts {
  readonly engine: ServerEngine | undefined;
  readonly host: EngineHost | undefined;
  readonly sources: PolicySources | undefined;
}

type Parts = () => PolicyParts;

const replacementSchema = z.strictObject({ version: z.int().min(0), policies: z.array(z.unknown()) });

const questionSchema = z.strictObject({
  as: z.looseObject({ sub: z.string().min(1), roles: z.array(z.string()).default([]) }),
  map: z.string().min(1),
  action: z.enum(ACTIONS),
  old: z.unknown().optional(),
  record: z.unknown().optional(),
  policies: z.array(z.unknown()).optional(),
});

/** `/api/policies` and `/api/denials`, for the role ADMIN (PERM-11, PERM-12, PERM-13). */
export function policyRoutes(parts: Parts): Route[] {
  const admin = (method: Route['method'], path: string, answer: Route['answer']): Route => ({
    method,
    path,
    access: 'admin',
    answer,
  });
  return [
    admin('GET', '/api/policies', () => ({ status: 200, body: describe(parts) })),
    { ...admin('PUT', '/api/policies', (request) => replace(parts, request)), lasts: true },
    admin('POST', '/api/policies/test', (request) => test(parts, request)),
    admin('GET', '/api/denials', (request) => denials(parts, request)),
  ];
}

function describe(parts: Parts): unknown {
  const { stored, fault } = engineOf(parts).policies;
  const unused = fault instanceof Error && { fault: fault.message };
  return { ...parts().sources?.status(), stored: { ...stored, ...unused } };
}

async function replace(parts: Parts, request: HttpRequest): Promise<HttpAnswer> {
  const book = engineOf(parts).policies;
  const { principal } = request;
  const { version, policies } = read(replacementSchema, await request.json(LIMITS.policiesBytes));
  const parsed = told(() => parsePolicies(policies, book.ports));
  const isStored = await parts().host?.storePolicies(version, parsed, principal?.sub ?? '');
  if (isStored === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
  if (isStored) return { status: 200, body: { version: version + 1 } };
  const { remedy } = serverErrors.POLICY_CONFLICT;
  return { status: 409, body: { code: 'POLICY_CONFLICT', version: book.stored.version, remedy } };
}

/** What would be allowed, under the policies in force or others. */
async function test(parts: Parts, request: HttpRequest): Promise<HttpAnswer> {
  const book = engineOf(parts).policies;
  const { as, map, action, old, record, policies } = read(
    questionSchema,
    await request.json(LIMITS.policiesBytes),
  );
  const gate =
    policies === undefined
      ? book.inForce
      : told(() => new PermissionPolicy(parsePolicies(policies, book.ports), book.ports));
  const { sub, roles, ...claims } = as;
  const principal = { sub, roles, claims };
  const access = gate.explain(map, {
    principal,
    action,
    old: action === 'READ' ? (old ?? record) : old,
    next: record,
  });
  return { status: 200, body: access };
}

/** `?sub=`, `?map=` and `?limit=` narrow it down. */
function denials(parts: Parts, { query, principal }: HttpRequest): HttpAnswer {
  const engine = engineOf(parts);
  const { list, unexplained } = engine.policies.denials;
  const [sub, map] = [query.get('sub'), query.get('map')];
  const limit = Number(query.get('limit') ?? LIMITS.denialsKept);
  const wanted = list.filter(
    (denial) => (sub === null || denial.sub === sub) && (map === null || denial.map === map),
  );
  // A key is no secret to who may read all of its map.
  const shown = wanted.slice(0, Math.max(limit, 0)).map(({ key, ...denial }) => {
    const isOpen =
      key !== undefined && principal !== undefined && engine.inspector.maps.readsAll(principal, denial.map);
    return isOpen ? { ...denial, key } : denial;
  });
  return { status: 200, body: { denials: shown, unexplained } };
}

function engineOf(parts: Parts): ServerEngine {
  const { engine } = parts();
  if (engine === undefined) throw new HttpRefusal(503, { code: 'UNAVAILABLE' });
  return engine;
}

function read<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path = [], message = '' } = parsed.error.issues[0] ?? {};
  throw new HttpRefusal(400, { code: 'BAD_MESSAGE', message: `${path.map(String).join('.')}: ${message}` });
}

function told<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof TopGunError)) throw error;
    const { code, message, remedy } = error;
    throw new HttpRefusal(400, { code, message, remedy });
  }
}
