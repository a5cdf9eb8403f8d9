import { isAdmittedScalar } from './cloneAdmitted.js';
import { isPlain } from './isPlain.js';
import { NAME_BYTES_MAX, VALUE_LIMITS, type ValueLimits } from './limits.js';
import { fitsText } from './text.js';

/**
 * Whether a value that a decoder has made is admitted (DAT-4): what `assertAdmitted` says, for a third of its cost.
 *
 * It copies nothing and does not look for what only programs make: accessors, hidden fields, symbols, holes, subclasses.
 */
export function isAdmittedData(value: unknown, limits: ValueLimits = VALUE_LIMITS): boolean {
  partsLeft = limits.nodes;
  return value !== null && fits(value, limits, limits.depth);
}

// One walk at a time: nothing in it calls back.
let partsLeft = 0;

function fits(value: unknown, limits: ValueLimits, levelsLeft: number): boolean {
  if (--partsLeft < 0) return false;
  if (value === null || isAdmittedScalar(value, limits)) return true;
  if (typeof value !== 'object' || levelsLeft === 0) return false;
  if (isPlain(value)) return fieldsFit(value, limits, levelsLeft);
  if (Array.isArray(value)) return value.every((item) => fits(item, limits, levelsLeft - 1));
  if (value instanceof Uint8Array) return value.length <= limits.textBytes;
  return value instanceof Date && !Number.isNaN(value.getTime());
}

function fieldsFit(
  object: Readonly<Record<string, unknown>>,
  limits: ValueLimits,
  levelsLeft: number,
): boolean {
  let place = 0;
  for (const name in object) {
    if (name !== goodNames[place]) {
      if (name === '__proto__' || !fitsText(name, NAME_BYTES_MAX)) return false;
      goodNames[place] = name;
    }
    place = (place + 1) & NAMES_MASK;
    if (!fits(object[name], limits, levelsLeft - 1)) return false;
  }
  return true;
}

// Records of a map mostly have the same fields in the same order, so the last good name at each place is kept: engines
// compare such names by address. A pure function's memo, nothing more.
const NAMES_MASK = 15;
const goodNames: string[] = [];
