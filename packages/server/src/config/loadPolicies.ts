import { readFileSync } from 'node:fs';
import { type QueryPorts, TopGunError } from '@topgun/core';
import { serverError } from '../errors.js';
import type { Policy } from '../security/PermissionPolicy.js';
import { parsePolicies, parsePolicyText } from './parsePolicies.js';
import type { ServerConfig } from './schema.js';

/** What the developer of `--dev` may do: everything. */
const DEV_POLICY: Policy = {
  name: 'development',
  role: 'ADMIN',
  map: '**',
  actions: ['READ', 'PUT', 'REMOVE'],
};

/** The policies that the configuration itself holds, and with `dev` one that allows all. Throws CONFIG_INVALID. */
export function configuredPolicies({ policies, dev }: ServerConfig, ports: QueryPorts): readonly Policy[] {
  const listed = asConfig('policies', () => parsePolicies(policies, ports));
  return dev ? [...listed, DEV_POLICY] : listed;
}

/** The policies of a file that a setting names. Throws CONFIG_INVALID naming it. */
export function policiesIn(path: string, ports: QueryPorts): readonly Policy[] {
  return asConfig(`The policies file ${path}`, () => parsePolicyText(readFileSync(path, 'utf8'), ports));
}

function asConfig<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const isOurs = cause instanceof TopGunError;
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = isOurs ? `${what}: ${reason}` : `${what} cannot be read: ${reason}`;
    throw serverError('CONFIG_INVALID', message, cause);
  }
}
