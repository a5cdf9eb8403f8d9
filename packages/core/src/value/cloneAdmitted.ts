import { mapError } from '../errors.js';
import { isPlain } from './isPlain.js';
import { NAME_BYTES_MAX, VALUE_LIMITS, type ValueLimits } from './limits.js';
import { fitsText } from './text.js';

/**
 * A deep copy of a value that comes back from storage and wire exactly as it is (DAT-4), so that the app may go on
 * changing what it passed in. Throws `VALUE_NOT_ADMITTED` for any other; see `assertAdmitted`.
 *
 * One walk checks and copies. Only the copy is looked at, so what was checked is what is kept, also when a value has
 * accessors or changes while it is read.
 */
export function cloneAdmitted<V>(value: V, limits: ValueLimits = VALUE_LIMITS): V {
  const walk = spare ?? { limits, partsLeft: 0, depth: 0, inside: undefined };
  spare = undefined;
  walk.limits = limits;
  walk.partsLeft = limits.nodes;
  // The default remedy, except where one call does what was meant.
  if (value === null) refuse('null', walk, undefined, 'To delete a record, use remove.');
  // The copy has the shape of what it copies, which no signature can say for a value of unknown type.
  const copy = admit(value, walk, undefined) as V;
  spare = walk;
  return copy;
}

/** What one walk may still take, and where it is. */
interface Walk {
  limits: ValueLimits;
  partsLeft: number;
  depth: number;
  /** The array or object below the top that is looked at. */
  inside: Holder | undefined;
}

/** An array or object, and where it lies in the one above: what the path of a fault is made of. */
interface Holder {
  readonly up: Holder | undefined;
  readonly at: string | number;
}

// A walk that ended well is kept for the next value: one object less per write. A call within a call, by an accessor,
// finds none and makes its own.
let spare: Walk | undefined;

// The depth limit also ends the walk of a cycle.
function admit(value: unknown, walk: Walk, at: string | number | undefined): unknown {
  if (--walk.partsLeft < 0) refuse('too many parts', walk, at);
  if (value === null || isAdmittedScalar(value, walk.limits)) return value;
  if (typeof value !== 'object') return refuse(faultOfScalar(value), walk, at);
  if (++walk.depth > walk.limits.depth) refuse('too many levels', walk, at);
  const up = walk.inside;
  if (at !== undefined) walk.inside = { up, at };
  const copy = copyObject(value, walk);
  walk.inside = up;
  walk.depth--;
  return copy;
}

/** Whether a value is a boolean, number, string or bigint that comes back as it is. */
// A chain of comparisons, which engines compile to looks at the value's tag; for a switch they make the name of its type.
export function isAdmittedScalar(value: unknown, limits: ValueLimits): boolean {
  if (typeof value === 'string') return fitsText(value, limits.textBytes);
  // -0 is refused because the wire's codec turns it into 0.
  if (typeof value === 'number') return Number.isFinite(value) && (value !== 0 || 1 / value > 0);
  if (typeof value === 'bigint') return value >= -(2n ** 63n) && value < 2n ** 64n;
  return typeof value === 'boolean';
}

function faultOfScalar(value: unknown): string {
  if (typeof value === 'number') return `the number ${Object.is(value, -0) ? '-0' : value}`;
  return typeof value === 'string' ? 'string not well-formed or too long' : typeof value;
}

function copyObject(value: object, walk: Walk): object {
  // A subclass, such as Node's Buffer, would come back as its base. The tag tells what only borrowed a prototype.
  if (isPlain(value)) return copyFields(value, walk);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Array.prototype && Array.isArray(value)) return copyItems(value, walk);
  const tag = Object.prototype.toString.call(value);
  if (prototype === Uint8Array.prototype && tag === '[object Uint8Array]') {
    const bytes = value as Uint8Array;
    return bytes.length <= walk.limits.textBytes ? bytes.slice() : refuse('too many bytes', walk);
  }
  if (prototype === Date.prototype && tag === '[object Date]' && Reflect.ownKeys(value).length === 0) {
    const copy = new Date((value as Date).getTime());
    if (!Number.isNaN(copy.getTime())) return copy;
  }
  return refuse(`${tag}, not plain data`, walk);
}

// Engines copy by spread as one block, in the compact layout of a literal; only nested parts are then replaced. On the hot
// path of every write: a scalar costs no call and no allocation.
function copyFields(object: object, walk: Walk): object {
  const copy: Record<string, unknown> = { ...object };
  let fields = 0;
  for (const name in copy) {
    if (name !== goodNames[fields & NAMES_MASK]) {
      // Decoders rename a field called __proto__ or, worse, follow it.
      if (name === '__proto__' || !fitsText(name, NAME_BYTES_MAX)) refuse('field name', walk, name);
      goodNames[fields & NAMES_MASK] = name;
    }
    const field = copy[name];
    if (walk.partsLeft > 0 && isAdmittedScalar(field, walk.limits)) {
      walk.partsLeft--;
    } else {
      // Somebody put a method into Object.prototype, which is none of this value's business.
      if (!Object.hasOwn(copy, name)) continue;
      copy[name] = admit(field, walk, name);
    }
    fields++;
  }
  if (Object.getOwnPropertyNames(object).length !== fields || Object.getOwnPropertySymbols(object).length > 0)
    refuse('symbol or hidden field', walk);
  return copy;
}

// Records of a map mostly have the same fields in the same order, so the last good name at each place is kept: engines
// compare such names by address. A pure function's memo, nothing more.
const NAMES_MASK = 15;
const goodNames: string[] = [];

function copyItems(items: readonly unknown[], walk: Walk): unknown[] {
  // The budget first: copying a huge array would cost more than refusing it.
  if (items.length > walk.partsLeft) refuse('too many parts', walk);
  // One key is `length`. A hole is refused as the undefined that reading it gives.
  const copy: unknown[] = items.slice();
  for (let at = 0; at < copy.length; at++) copy[at] = admit(copy[at], walk, at);
  if (Reflect.ownKeys(items).length !== items.length + 1) refuse('array with named fields', walk);
  return copy;
}

function refuse(reason: string, { inside }: Walk, at?: string | number, remedy?: string): never {
  let path = at === undefined ? '' : segment(at);
  for (let holder = inside; holder !== undefined; holder = holder.up) path = segment(holder.at) + path;
  throw mapError('VALUE_NOT_ADMITTED', `Value not admitted at $${path}: ${reason}`, remedy);
}

function segment(at: string | number): string {
  if (typeof at === 'string' && /^[A-Za-z_$][\w$]{0,63}$/.test(at)) return `.${at}`;
  return `[${JSON.stringify(at).slice(0, 66)}]`;
}
