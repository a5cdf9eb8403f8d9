import { assertPredicate, type QueryPorts, regexFaultIn, TopGunError } from '@topgun/core';
import * as z from 'zod';
import { serverError } from '../errors.js';
import type { Policy } from '../security/PermissionPolicy.js';
import { readJson } from './load.js';
import type { ServerConfig } from './schema.js';
import { policySchema } from './settings/auth.js';

/** What the developer of `--dev` may do: everything. */
const DEV_POLICY: Policy = { role: 'ADMIN', map: '**', actions: ['READ', 'PUT', 'REMOVE'] };

/** The policies of a configuration: those in it, those of `policiesFile`, and with `dev` one that allows all. */
export function loadPolicies(config: ServerConfig, ports: QueryPorts): readonly Policy[] {
  const { policiesFile } = config;
  const inFile = policiesFile === undefined ? [] : readPolicies(policiesFile);
  const listed = [...config.policies, ...inFile].map((policy) => checkPolicy(policy, ports));
  return config.dev ? [...listed, DEV_POLICY] : listed;
}

function readPolicies(path: string): z.output<typeof policySchema>[] {
  const parsed = z.array(policySchema).safeParse(readJson(path, 'The policies file'));
  if (parsed.success) return parsed.data;
  const at = parsed.error.issues[0]?.path.join('.') ?? '';
  throw serverError(
    'CONFIG_INVALID',
    `${path} at ${at}: allowed is a list of { role, map, actions, where?, fields? }.`,
  );
}

function checkPolicy(policy: z.output<typeof policySchema>, ports: QueryPorts): Policy {
  const { role, map, actions, where, fields } = policy;
  const checked = { role, map, actions, ...(fields !== undefined && { fields }) };
  if (where === undefined) return checked;
  try {
    assertPredicate(where);
    const fault = regexFaultIn(where, ports);
    if (fault !== undefined) throw fault.error;
  } catch (cause) {
    if (!(cause instanceof TopGunError)) throw cause;
    throw serverError('CONFIG_INVALID', `The policy of role ${role} for map ${map}: ${cause.message}`, cause);
  }
  return { ...checked, where };
}
