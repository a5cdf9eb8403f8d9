import {
  isAdmittedBigint,
  isAdmittedName,
  isAdmittedNumber,
  isPlain,
  isPlainArray,
  isPlainBytes,
  isPlainDate,
} from './admission.js';
import type { ValueLimits } from './limits.js';
import { fitsText, isWellFormed } from './text.js';

/** Where and why a value is refused. */
export interface ValueFault {
  readonly path: string;
  readonly reason: string;
}

interface Walk {
  readonly limits: ValueLimits;
  readonly parents: object[];
  nodesLeft: number;
}

/** Walks a refused value again, in the same order, to name its first fault. */
export function findFault(value: unknown, limits: ValueLimits): ValueFault {
  const walk = { limits, nodesLeft: limits.nodes, parents: [] };
  return faultAt(value, '$', walk) ?? { path: '$', reason: 'it changed while it was read' };
}

function faultAt(value: unknown, path: string, walk: Walk): ValueFault | undefined {
  if (--walk.nodesLeft < 0) return { path, reason: `more than ${walk.limits.nodes} parts` };
  if (typeof value !== 'object') return fault(path, scalarFault(value, walk.limits));
  if (value === null) return undefined;
  if (walk.parents.includes(value)) return { path, reason: 'a cycle' };
  if (walk.parents.length >= walk.limits.depth) return { path, reason: `more than ${walk.limits.depth} levels` };
  walk.parents.push(value);
  const found = objectFault(value, path, walk);
  walk.parents.pop();
  return found;
}

function fault(path: string, reason: string | undefined): ValueFault | undefined {
  return reason === undefined ? undefined : { path, reason };
}

function scalarFault(value: unknown, limits: ValueLimits): string | undefined {
  switch (typeof value) {
    case 'string':
      if (!isWellFormed(value)) return 'a string with a lone surrogate';
      return fitsText(value, limits.textBytes) ? undefined : `a string of more than ${limits.textBytes} UTF-8 bytes`;
    case 'number':
      return isAdmittedNumber(value) ? undefined : `the number ${Object.is(value, -0) ? '-0' : value}`;
    case 'bigint':
      return isAdmittedBigint(value) ? undefined : 'a bigint of more than 64 bits';
    case 'boolean':
      return undefined;
    default:
      return value === undefined ? 'undefined' : `a ${typeof value}`;
  }
}

function objectFault(value: object, path: string, walk: Walk): ValueFault | undefined {
  if (isPlain(value)) return fieldsFault(value, path, walk);
  if (isPlainArray(value)) return arrayFault(value, path, walk);
  if (isPlainBytes(value)) {
    return fault(path, value.length <= walk.limits.textBytes ? undefined : `more than ${walk.limits.textBytes} bytes`);
  }
  return fault(path, isPlainDate(value) ? undefined : `a ${classOf(value)} that is not plain data`);
}

function fieldsFault(object: object, path: string, walk: Walk): ValueFault | undefined {
  for (const name of Reflect.ownKeys(object)) {
    if (typeof name === 'symbol') return { path, reason: 'a field named by a symbol' };
    const at = fieldPath(path, name);
    if (!isAdmittedName(name, walk.limits)) return { path: at, reason: 'a field name that is __proto__, malformed or too long' };
    const found = propertyFault(object, name, at, walk);
    if (found !== undefined) return found;
  }
  return undefined;
}

function arrayFault(items: readonly unknown[], path: string, walk: Walk): ValueFault | undefined {
  if (items.length > walk.nodesLeft) return { path, reason: `more than ${walk.limits.nodes} parts` };
  for (let i = 0; i < items.length; i++) {
    const found = propertyFault(items, String(i), `${path}[${i}]`, walk);
    if (found !== undefined) return found;
  }
  const extra = Reflect.ownKeys(items).length > items.length + 1;
  return fault(path, extra ? 'an array with named fields' : undefined);
}

function propertyFault(object: object, name: string, path: string, walk: Walk): ValueFault | undefined {
  const property = Object.getOwnPropertyDescriptor(object, name);
  if (property === undefined) return { path, reason: 'a hole in an array' };
  if (!('value' in property)) return { path, reason: 'an accessor' };
  return property.enumerable ? faultAt(property.value, path, walk) : { path, reason: 'a hidden field' };
}

// Names are cut, so that a message stays short whatever the value holds.
function fieldPath(path: string, name: string): string {
  return /^[A-Za-z_$][\w$]{0,63}$/.test(name) ? `${path}.${name}` : `${path}[${JSON.stringify(name.slice(0, 64))}]`;
}

function classOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}
