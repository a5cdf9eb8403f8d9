import { NAME_BYTES_MAX, type ValueLimits } from './limits.js';
import { fitsText } from './text.js';

// The state of one walk. It runs no foreign code (an accessor is refused unread), so it never re-enters itself.
let nodesLeft = 0;
let faultPath = '';
let faultReason = '';

/** Where and why a value does not round-trip exactly (DAT-4), such as `$.items[3]: undefined`; undefined when it does. */
export function faultOf(value: unknown, limits: ValueLimits): string | undefined {
  nodesLeft = limits.nodes;
  return isAdmitted(value, limits.depth, limits) ? undefined : `$${faultPath}: ${faultReason}`;
}

// On the hot path of every write: nothing is allocated unless the value is refused. The path of a fault is put together
// on the way back up. The depth limit also ends the walk of a cycle.
function isAdmitted(value: unknown, depthLeft: number, limits: ValueLimits): boolean {
  if (--nodesLeft < 0) return refuse(`more than ${limits.nodes} parts`);
  switch (typeof value) {
    case 'string':
      return fitsText(value, limits.textBytes) || refuse('a string that is not well-formed or too long');
    case 'number':
      // -0 is refused because the wire's codec turns it into 0.
      return (
        (Number.isFinite(value) && (value !== 0 || 1 / value > 0)) ||
        refuse(`the number ${1 / value < 0 ? '-' : ''}${value}`)
      );
    case 'boolean':
      return true;
    case 'bigint':
      return (value >= -(2n ** 63n) && value < 2n ** 64n) || refuse('a bigint of more than 64 bits');
    case 'object':
      if (value === null) return true;
      if (depthLeft === 0) return refuse(`more than ${limits.depth} levels`);
      return isPlain(value)
        ? areFieldsAdmitted(value, depthLeft - 1, limits)
        : isBuiltinAdmitted(value, depthLeft - 1, limits);
    default:
      return refuse(typeof value);
  }
}

function areFieldsAdmitted(object: Record<string, unknown>, depthLeft: number, limits: ValueLimits): boolean {
  let fields = 0;
  for (const name in object) {
    // Undefined when not its own: somebody extended Object.prototype, which is none of this value's business.
    const field = Object.getOwnPropertyDescriptor(object, name);
    if (field === undefined) continue;
    // Decoders rename a field called __proto__ or, worse, follow it.
    if (name === '__proto__' || !fitsText(name, NAME_BYTES_MAX)) return refuse('a field name', name);
    if (!('value' in field)) return refuse('an accessor', name);
    if (!isAdmitted(field.value, depthLeft, limits)) return refuse(faultReason, name, faultPath);
    fields++;
  }
  const names = Object.getOwnPropertyNames(object).length + Object.getOwnPropertySymbols(object).length;
  return names === fields || refuse('a symbol or hidden field');
}

function isBuiltinAdmitted(value: object, depthLeft: number, limits: ValueLimits): boolean {
  // A subclass, such as Node's Buffer, would come back as its base. The tag tells what only borrowed a prototype.
  const prototype: unknown = Object.getPrototypeOf(value);
  const tag = Object.prototype.toString.call(value);
  if (prototype === Array.prototype && Array.isArray(value))
    return areItemsAdmitted(value, depthLeft, limits);
  if (prototype === Uint8Array.prototype && tag === '[object Uint8Array]') {
    return (value as Uint8Array).length <= limits.textBytes || refuse('too many bytes');
  }
  const isDate =
    prototype === Date.prototype && Reflect.ownKeys(value).length === 0 && tag === '[object Date]';
  return (isDate && !Number.isNaN((value as Date).getTime())) || refuse(`${tag}, not plain data`);
}

function areItemsAdmitted(items: readonly unknown[], depthLeft: number, limits: ValueLimits): boolean {
  // The budget first: listing the keys of a huge array would cost more than refusing it.
  if (items.length > nodesLeft) return refuse(`more than ${limits.nodes} parts`);
  for (let i = 0; i < items.length; i++) {
    const item = Object.getOwnPropertyDescriptor(items, i);
    if (item === undefined || !('value' in item)) return refuse('a hole or an accessor', i);
    if (!isAdmitted(item.value, depthLeft, limits)) return refuse(faultReason, i, faultPath);
  }
  // One key is `length`.
  return Reflect.ownKeys(items).length === items.length + 1 || refuse('an array with named fields');
}

function refuse(reason: string, at?: string | number, below = ''): false {
  faultReason = reason;
  const isName = typeof at === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(at);
  faultPath = at === undefined ? '' : `${isName ? `.${at}` : `[${JSON.stringify(at).slice(0, 66)}]`}${below}`;
  return false;
}

/** Whether an object is an object literal, or one without a prototype. */
export function isPlain(value: object): value is Record<string, unknown> {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
