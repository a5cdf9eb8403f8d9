import * as z from 'zod/mini';
import type { Candidate } from './codec/fields.js';
import * as LIMITS from './limits.js';
import { listMax } from './schemaParts.js';
import { schemaByType } from './schemas.js';

/**
 * Path of the first field of a refused message that is wrong, as `rows.3.7`, at most `errorPathChars` long; no value
 * is ever echoed. Undefined when the schema finds no fault. Stops at the first fault: a frame full of faults costs no
 * more than a good one.
 */
export function explainRefusal(candidate: Candidate): string | undefined {
  const schema = schemaByType.get(candidate.type);
  if (schema === undefined) return 'type';
  const path = firstFault(schema, candidate);
  return path?.join('.').slice(0, LIMITS.errorPathChars);
}

type Path = readonly (string | number)[];

/** Children before parents, so that zod never meets a container with more than a few faults. */
function firstFault(schema: z.core.$ZodType, value: unknown): Path | undefined {
  const { def } = schema._zod as { def: z.core.$ZodTypeDef };
  if (def.type === 'optional') {
    return value === undefined ? undefined : firstFault((def as z.core.$ZodOptionalDef).innerType, value);
  }
  if (def.type === 'array' && Array.isArray(value)) {
    if (value.length > (listMax.get(schema) ?? Number.POSITIVE_INFINITY)) return [];
    const { element } = def as z.core.$ZodArrayDef;
    const fault = firstOf(value, (i) => firstFault(element, value[i]));
    if (fault) return fault;
  } else if (def.type === 'tuple' && Array.isArray(value)) {
    const { items } = def as z.core.$ZodTupleDef;
    if (value.length > items.length) return [];
    const fault = firstOf(value, (i) => firstFault(items[i] as z.core.$ZodType, value[i]));
    if (fault) return fault;
  } else if (def.type === 'object' && typeof value === 'object' && value !== null) {
    for (const [name, field] of Object.entries((def as z.core.$ZodObjectDef).shape)) {
      const fault = firstFault(field, (value as Readonly<Record<string, unknown>>)[name]);
      if (fault) return [name, ...fault];
    }
  }
  const result = z.safeParse(schema, value);
  return result.success ? undefined : ((result.error.issues[0]?.path ?? []) as Path);
}

function firstOf(values: readonly unknown[], faultAt: (index: number) => Path | undefined): Path | undefined {
  for (let i = 0; i < values.length; i++) {
    const fault = faultAt(i);
    if (fault) return [i, ...fault];
  }
  return undefined;
}
