import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { linearRegex } from '@topgun/search/regex';
import {
  PermissionPolicy,
  type Policy,
  type Principal,
  parsePolicies,
  parsePolicyText,
} from '@topgun/server';
import * as z from 'zod';
import { cliError } from '../cliErrors.js';

/** What servers give predicates. */
const PORTS = { regex: linearRegex };

const principalSchema = z.looseObject({ sub: z.string().min(1), roles: z.array(z.string()).default([]) });

/** The text of a file. Throws FILE_UNREADABLE. */
export async function textOf(file: string, cwd: string): Promise<string> {
  const path = resolve(cwd, file);
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw cliError('FILE_UNREADABLE', `Cannot read ${path}.`, error);
  }
}

/** The policies of a policies file, or of a config file that holds some. Throws FILE_UNREADABLE, and POLICY_INVALID with the place. */
export async function readPolicies(file: string, cwd: string): Promise<readonly Policy[]> {
  const text = await textOf(file, cwd);
  const listed = policiesInConfig(text);
  return listed === undefined ? parsePolicyText(text, PORTS) : parsePolicies(listed, PORTS);
}

export const gateOf = (policies: readonly Policy[]): PermissionPolicy =>
  new PermissionPolicy(policies, PORTS);

/** Who the claims of a token speak for. Throws CLAIMS_INVALID. */
export function principalOf(claims: unknown): Principal {
  const parsed = principalSchema.safeParse(claims);
  if (!parsed.success) throw cliError('CLAIMS_INVALID', 'Claims are a JSON object with a subject "sub".');
  const { sub, roles, ...rest } = parsed.data;
  return { sub, roles, claims: rest };
}

/** JSON that was typed. Throws JSON_INVALID naming where. */
export function jsonIn(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw cliError('JSON_INVALID', `${what} is no JSON: ${text.slice(0, 100)}`, error);
  }
}

function policiesInConfig(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Told with line and column where a list is expected.
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return 'policies' in value ? value.policies : undefined;
}
