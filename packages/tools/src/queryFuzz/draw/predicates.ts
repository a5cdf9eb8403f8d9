import type { AuthRef, PredicateNode } from '@topgun/core';
import { fieldAt, order } from '@topgun/sim/internal/oracle/values';
import type { Rng } from '@topgun/sim/internal/rng';
import { drawValue, FIELDS, type Palette } from './values.js';

/** What predicates are drawn from. */
export interface Ground {
  readonly palette: Palette;
  /** Values of rows, some of which operands are taken from. */
  readonly samples: readonly unknown[];
  /** How often an operand is a claim. */
  readonly authP: number;
}

/** Of regular expressions there are as many meanings as engines; they are compared where the engine is. */
export type Op = PredicateNode['op'];

const DEPTH_MAX = 4;
const CLAIMS = ['sub', 'roles', 'team', 'teams', 'level', 'deep.at', 'absent'];
const FIELD_PATHS = [...FIELDS.map((field) => field.replace('.', '\\.')), 'n', 's'];
/** Into what fields hold, to what no row has, and to the row itself. */
const ODD_PATHS = ['o.x', 'o.y', 'o.0', 't.0', 't.1', 't.01', 't.length', 'x.y', 's.0', 'absent', 'a.x', ''];

export const drawPath = (rng: Rng): string => rng.pick(rng.chance(0.8) ? FIELD_PATHS : ODD_PATHS);

/** How a node of each operator is drawn. The compiler asks for one when core has a new operator. */
const draws: { readonly [O in Op]: (rng: Rng, ground: Ground, depth: number) => PredicateNode } = {
  eq: comparison('eq'),
  neq: comparison('neq'),
  gt: comparison('gt'),
  gte: comparison('gte'),
  lt: comparison('lt'),
  lte: comparison('lte'),
  in: list('in'),
  between: (rng, ground) => {
    const path = drawPath(rng);
    const [from, to] = [operand(rng, ground, path), operand(rng, ground, path)];
    return order(from, to) > 0 && rng.chance(0.8)
      ? { op: 'between', path, from: to, to: from }
      : { op: 'between', path, from, to };
  },
  like: (rng, ground) => {
    const path = rng.chance(0.7) ? 's' : drawPath(rng);
    return { op: 'like', path, pattern: drawPattern(rng, ground) };
  },
  regex: (rng, ground) => {
    const path = rng.chance(0.7) ? 's' : drawPath(rng);
    const node = { op: 'regex' as const, path, pattern: drawRegex(rng, ground) };
    return rng.chance(0.5) ? node : { ...node, flags: rng.pick(['i', 's', 'm', 'is', '']) };
  },
  match: (rng, ground) => {
    const path = rng.chance(0.7) ? 's' : arrayPath(rng);
    const node = { op: 'match' as const, path, text: drawWords(rng, ground) };
    return rng.chance(0.5) ? node : { ...node, prefix: rng.chance(0.7) };
  },
  contains: (rng, ground) => {
    const path = arrayPath(rng);
    return { op: 'contains', path, value: part(rng, ground, path) };
  },
  containsAll: listOfParts('containsAll'),
  containsAny: listOfParts('containsAny'),
  exists: (rng) => ({ op: 'exists', path: drawPath(rng) }),
  and: junction('and'),
  or: junction('or'),
  not: (rng, ground, depth) => ({ op: 'not', child: drawPredicate(rng, ground, depth + 1) }),
};

/** All operators there are. */
export const OPS = Object.keys(draws) as readonly Op[];
const compounds: readonly Op[] = ['and', 'or', 'or', 'not', 'not'];
const leaves = OPS.filter((op) => !compounds.includes(op));

export function drawPredicate(rng: Rng, ground: Ground, depth = 0): PredicateNode {
  const isLeaf = depth >= DEPTH_MAX || rng.chance(0.6);
  return draws[rng.pick(isLeaf ? leaves : compounds)](rng, ground, depth);
}

function comparison(op: 'eq' | 'neq' | 'gt' | 'gte' | 'lt' | 'lte') {
  return (rng: Rng, ground: Ground): PredicateNode => {
    const path = drawPath(rng);
    return { op, path, value: operand(rng, ground, path) };
  };
}

function list(op: 'in') {
  return (rng: Rng, ground: Ground): PredicateNode => {
    const path = drawPath(rng);
    return { op, path, values: values(rng, ground, () => operand(rng, ground, path)) };
  };
}

function listOfParts(op: 'containsAll' | 'containsAny') {
  return (rng: Rng, ground: Ground): PredicateNode => {
    const path = arrayPath(rng);
    return { op, path, values: values(rng, ground, () => part(rng, ground, path)) };
  };
}

function values(rng: Rng, ground: Ground, draw: () => unknown): readonly unknown[] | AuthRef {
  if (rng.chance(ground.authP)) return { $auth: rng.pick(CLAIMS) };
  return Array.from({ length: rng.int(0, 3) }, draw);
}

function junction(op: 'and' | 'or') {
  return (rng: Rng, ground: Ground, depth: number): PredicateNode => ({
    op,
    children: Array.from({ length: rng.int(0, 3) }, () => drawPredicate(rng, ground, depth + 1)),
  });
}

const arrayPath = (rng: Rng): string => (rng.chance(0.7) ? 't' : drawPath(rng));

/** A claim, a value that a row has there, or anything. */
function operand(rng: Rng, { palette, samples, authP }: Ground, path: string): unknown {
  if (rng.chance(authP)) return { $auth: rng.pick(CLAIMS) };
  const found = samples.length > 0 && rng.chance(0.7) ? fieldAt(rng.pick(samples), path) : undefined;
  if (found !== undefined) return found;
  const kinds = palette.kindsOf.get(path);
  return kinds === undefined ? drawValue(rng, palette) : drawValue(rng, palette, rng.pick(kinds));
}

/** Of what a row has there, an item or a piece. */
function part(rng: Rng, ground: Ground, path: string): unknown {
  const whole = operand(rng, ground, path);
  if (Array.isArray(whole) && whole.length > 0) return rng.pick(whole);
  return typeof whole === 'string' && rng.chance(0.5)
    ? whole.slice(0, 1).replace(/[\ud800-\udfff]/, '')
    : whole;
}

/** Words of texts, whole ones and beginnings. */
function drawWords(rng: Rng, { palette }: Ground): string {
  const words = Array.from({ length: rng.int(0, 2) }, () => {
    const word = rng.pick(palette.texts);
    return rng.chance(0.5) ? word : [...word].slice(0, rng.int(1, 2)).join('');
  });
  return words
    .join(' ')
    .slice(0, 256)
    .replace(/[\ud800-\udbff]$/, '');
}

function drawPattern(rng: Rng, { palette }: Ground): string {
  const pieces = Array.from({ length: rng.int(0, 3) }, () =>
    rng.chance(0.6) ? rng.pick(['%', '_', '\\%', '\\_', '\\']) : rng.pick(palette.texts),
  );
  return pieces.join('');
}

/** Of what all dialects write and mean alike. */
function drawRegex(rng: Rng, ground: Ground, depth = 0): string {
  const atoms = Array.from({ length: rng.int(1, 2) }, () => {
    const atom = drawAtom(rng, ground, depth);
    return rng.chance(0.3) ? `${atom}${rng.pick(['*', '+', '?'])}` : atom;
  });
  const whole = `${rng.chance(0.2) ? '^' : ''}${atoms.join('')}${rng.chance(0.2) ? '$' : ''}`;
  return depth < 2 && rng.chance(0.15) ? `${whole}|${drawRegex(rng, ground, depth + 1)}` : whole;
}

function drawAtom(rng: Rng, ground: Ground, depth: number): string {
  if (depth < 2 && rng.chance(0.15)) return `(${drawRegex(rng, ground, depth + 1)})`;
  if (rng.chance(0.3)) return rng.pick(['.', '[ab]', '[^a]', '[A-Z]', '[0-9_]', '\\d', '\\.']);
  const [char = 'a'] = rng.pick(ground.palette.texts);
  return char.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}
