import { isDeepStrictEqual } from 'node:util';
import type { PermissionPolicy } from '@topgun/server';
import * as z from 'zod';
import { cliError } from '../cliErrors.js';
import { consideredLine } from './accessText.js';
import { principalOf } from './policyFile.js';

const expectationSchema = z.strictObject({
  name: z.string().optional(),
  as: z.record(z.string(), z.unknown()),
  map: z.string().min(1),
  action: z.enum(['READ', 'PUT', 'REMOVE']),
  old: z.unknown().optional(),
  record: z.unknown().optional(),
  allowed: z.boolean(),
  /** READ: what is seen; PUT: what is stored */
  value: z.unknown().optional(),
});

/** Holds policies against a table of expectations; a line for each that is not met. Throws EXPECTATIONS_INVALID. */
export function unmet(
  gate: PermissionPolicy,
  table: unknown,
): { readonly count: number; readonly lines: string[] } {
  const parsed = z.array(expectationSchema).min(1).safeParse(table);
  if (!parsed.success) {
    const { path = [], message = '' } = parsed.error.issues[0] ?? {};
    throw cliError('EXPECTATIONS_INVALID', `${path.length === 0 ? 'The table' : path.join('.')}: ${message}`);
  }
  const lines = parsed.data.flatMap(
    ({ name, as, map, action, old, record, allowed, value }, at): string[] => {
      const stands = action === 'PUT' ? old : (old ?? record);
      const access = gate.explain(map, { principal: principalOf(as), action, old: stands, next: record });
      const title = `expectation ${at}${name === undefined ? '' : ` "${name}"`}`;
      const why = access.considered.slice(0, 3).map((one) => `  ${consideredLine(one)}`);
      if (access.allowed !== allowed)
        return [`${title}: expected ${told(allowed)}, is ${told(access.allowed)}`, ...why];
      if (value === undefined || isDeepStrictEqual(value, access.value)) return [];
      return [`${title}: expected ${JSON.stringify(value)}, is ${JSON.stringify(access.value)}`, ...why];
    },
  );
  return { count: parsed.data.length, lines };
}

const told = (allowed: boolean): string => (allowed ? 'allowed' : 'denied');
