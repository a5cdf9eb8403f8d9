import type { ValueLimits } from './limits.js';
import { fitsText } from './text.js';

// One budget per top call. The walk runs no foreign code (an accessor is refused unread), so it never re-enters itself.
let nodesLeft = 0;

/**
 * Whether a value round-trips exactly (DAT-4). The hot path of every write: it only answers yes or no and keeps no path;
 * `findFault` walks again to say why not. The depth limit also ends the walk of a cycle.
 */
export function isAdmitted(value: unknown, limits: ValueLimits): boolean {
  nodesLeft = limits.nodes;
  return isAdmittedAt(value, limits.depth, limits);
}

function isAdmittedAt(value: unknown, depthLeft: number, limits: ValueLimits): boolean {
  if (--nodesLeft < 0) return false;
  switch (typeof value) {
    case 'string':
      return fitsText(value, limits.textBytes);
    case 'number':
      return isAdmittedNumber(value);
    case 'boolean':
      return true;
    case 'bigint':
      return isAdmittedBigint(value);
    case 'object':
      return value === null || (depthLeft > 0 && isAdmittedObject(value, depthLeft - 1, limits));
    default:
      return false;
  }
}

function isAdmittedObject(value: object, depthLeft: number, limits: ValueLimits): boolean {
  if (isPlain(value)) return hasAdmittedFields(value, depthLeft, limits);
  if (isPlainArray(value)) return hasAdmittedItems(value, depthLeft, limits);
  return isPlainBytes(value) ? value.length <= limits.textBytes : isPlainDate(value);
}

function hasAdmittedFields(object: Record<string, unknown>, depthLeft: number, limits: ValueLimits): boolean {
  let fields = 0;
  for (const name in object) {
    const field = Object.getOwnPropertyDescriptor(object, name);
    // Not its own: somebody extended Object.prototype, which is none of this value's business.
    if (field === undefined) continue;
    if (!('value' in field) || !isAdmittedName(name, limits)) return false;
    if (!isAdmittedAt(field.value, depthLeft, limits)) return false;
    fields++;
  }
  return Object.getOwnPropertyNames(object).length === fields && Object.getOwnPropertySymbols(object).length === 0;
}

function hasAdmittedItems(items: readonly unknown[], depthLeft: number, limits: ValueLimits): boolean {
  // The budget first: listing the keys of a huge array would cost more than refusing it. One key is `length`.
  if (items.length > nodesLeft || Reflect.ownKeys(items).length !== items.length + 1) return false;
  for (let i = 0; i < items.length; i++) {
    const item = Object.getOwnPropertyDescriptor(items, i);
    if (item === undefined || !('value' in item) || !isAdmittedAt(item.value, depthLeft, limits)) return false;
  }
  return true;
}

/** A finite number; -0 is refused because the wire's codec turns it into 0. */
export function isAdmittedNumber(value: number): boolean {
  return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
}

/** A bigint that fits 64 bits, signed or unsigned. */
export function isAdmittedBigint(value: bigint): boolean {
  return value >= -(2n ** 63n) && value < 2n ** 64n;
}

/** `__proto__` is refused because decoders rename it or, worse, follow it. */
export function isAdmittedName(name: string, limits: ValueLimits): boolean {
  return name !== '__proto__' && fitsText(name, limits.nameBytes);
}

/** An object literal, or one without a prototype. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** An array that is no subclass. */
export function isPlainArray(value: object): value is readonly unknown[] {
  return Array.isArray(value) && Object.getPrototypeOf(value) === Array.prototype;
}

/** A Uint8Array that is no subclass; Node's Buffer is one, and would come back as a plain Uint8Array. */
export function isPlainBytes(value: object): value is Uint8Array {
  return Object.getPrototypeOf(value) === Uint8Array.prototype && builtinTag(value) === '[object Uint8Array]';
}

/** A valid date that is no subclass and carries no fields of its own. */
export function isPlainDate(value: object): value is Date {
  if (Object.getPrototypeOf(value) !== Date.prototype || Reflect.ownKeys(value).length > 0) return false;
  return builtinTag(value) === '[object Date]' && !Number.isNaN((value as Date).getTime());
}

// Tells a real Date or Uint8Array from an object that only borrowed the prototype.
function builtinTag(value: object): string {
  return Object.prototype.toString.call(value);
}
