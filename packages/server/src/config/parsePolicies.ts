import { type QueryPorts, TopGunError } from '@topgun/core';
import { LIMITS } from '@topgun/protocol';
import * as z from 'zod';
import { serverError } from '../errors.js';
import { PermissionPolicy, type Policy } from '../security/PermissionPolicy.js';
import { policySchema } from './settings/auth.js';

const listSchema = z.array(policySchema).max(LIMITS.policies);

/** Policies that came as data. Throws `POLICY_INVALID` with the place of the first fault, such as `Policy 2: actions[0]`. */
export function parsePolicies(value: unknown, ports: QueryPorts): Policy[] {
  const parsed = listSchema.safeParse(value);
  if (!parsed.success) {
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    throw invalid(`${placeOf(path)}: ${message}.`);
  }
  // The gate checks what a schema does not: predicates, expressions, map patterns.
  const policies = parsed.data as unknown as Policy[];
  try {
    new PermissionPolicy(policies, ports);
  } catch (error) {
    if (error instanceof TopGunError && error.code !== 'POLICY_INVALID') throw invalid(error.message, error);
    throw error;
  }
  return policies;
}

/** The same from the text of a file; what is no JSON is told with line and column. */
export function parsePolicyText(text: string, ports: QueryPorts): Policy[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalid(`${lineOf(text, reason)}: ${reason}.`, error);
  }
  return parsePolicies(value, ports);
}

function placeOf(path: readonly PropertyKey[]): string {
  const [at, ...inside] = path;
  if (at === undefined) return 'The list';
  const place = inside.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `Policy ${String(at)}${place === '' ? '' : `: ${place.replace(/^\./, '')}`}`;
}

/** Engines say where a text stops to be JSON, or that it ends too early. */
function lineOf(text: string, reason: string): string {
  const before = text.slice(0, Number(/at position (\d+)/.exec(reason)?.[1] ?? text.length)).split('\n');
  return `Line ${before.length}, column ${(before.at(-1) ?? '').length + 1}`;
}

function invalid(message: string, cause?: unknown): TopGunError {
  return serverError('POLICY_INVALID', message, cause);
}
