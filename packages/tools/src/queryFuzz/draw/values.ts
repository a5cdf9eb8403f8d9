import type { Rng } from '@topgun/sim/internal/rng';

/** Few values of each type, so that rows, operands and bounds meet; the edges of each type among them. */
const numbers = [0, 1, 2, 3, -1, 0.5, 0.1, 2 ** 53, 1e21, -1e-7, 10];
const bigints = [0n, 1n, 2n, 3n, -1n, 2n ** 53n, 2n ** 53n + 1n, -(2n ** 63n), 2n ** 64n - 1n];
const ascii = ['', 'a', 'A', 'b', 'ab', 'Ab', 'aB', 'a%', '_b', 'a\\b', '10', '2', 'true', "it's", 'a"b'];
const uncased = ['日', '日本', 'a日', '😀', '😀a', '😁'];
const cased = ['é', 'É', 'ß', 'İ', 'ı', 'K', 'k', 'Σ', 'ς', 'ǅ'];
const highest = ['\uffff', '\ue000', '\uffffa'];
const dates = [0, 1, -1, 1_000, 1_700_000_000_000].map((ms) => new Date(ms));
const bytes = [[], [0], [0, 1], [1], [255]].map((list) => Uint8Array.from(list));

const kinds = ['null', 'boolean', 'number', 'bigint', 'string', 'date', 'bytes', 'array', 'object'] as const;
export type Kind = (typeof kinds)[number];

/** What the values of one case are made of. */
export interface Palette {
  readonly texts: readonly string[];
  /** The types that each field takes, most of them one or two. */
  readonly kindsOf: ReadonlyMap<string, readonly Kind[]>;
}

/** Fields of rows. Some paths name them with a backslash, some lead into what they hold. */
export const FIELDS = ['a', 'b', 'n', 's', 'o', 't', 'x.y', '1', '日'];

export function drawPalette(rng: Rng): Palette {
  const texts = [...ascii];
  if (rng.chance(0.4)) texts.push(...uncased);
  if (rng.chance(0.15)) texts.push(...cased);
  if (rng.chance(0.1)) texts.push(...highest);
  if (rng.chance(0.03)) texts.push('\0', 'a\0');
  const kindsOf = new Map<string, readonly Kind[]>();
  for (const field of FIELDS) kindsOf.set(field, drawKinds(rng));
  kindsOf.set('n', rng.chance(0.8) ? ['number', 'bigint'] : ['number', 'null']);
  kindsOf.set('s', rng.chance(0.8) ? ['string'] : ['string', 'null']);
  kindsOf.set('o', ['object']);
  kindsOf.set('t', rng.chance(0.8) ? ['array'] : ['array', 'string']);
  return { texts, kindsOf };
}

function drawKinds(rng: Rng): readonly Kind[] {
  return Array.from({ length: rng.int(1, 3) }, () => rng.pick(kinds));
}

export function drawValue(rng: Rng, palette: Palette, kind: Kind = rng.pick(kinds), depth = 2): unknown {
  switch (kind) {
    case 'null':
      return null;
    case 'boolean':
      return rng.chance(0.5);
    case 'number':
      return rng.chance(0.7) ? rng.int(0, 3) : rng.pick(numbers);
    case 'bigint':
      return rng.chance(0.5) ? BigInt(rng.int(0, 3)) : rng.pick(bigints);
    case 'string':
      return rng.pick(palette.texts);
    case 'date':
      return rng.pick(dates);
    case 'bytes':
      return rng.pick(bytes);
    case 'array':
      return Array.from({ length: rng.int(0, 3) }, () => drawPart(rng, palette, depth));
    case 'object': {
      const names = ['x', 'y', 'a', '0'].filter(() => rng.chance(0.5));
      return Object.fromEntries(names.map((name) => [name, drawPart(rng, palette, depth)]));
    }
  }
}

function drawPart(rng: Rng, palette: Palette, depth: number): unknown {
  const kind = rng.chance(0.5) ? rng.pick(['number', 'string', 'bigint'] as const) : rng.pick(kinds);
  const isDeep = kind === 'array' || kind === 'object';
  return drawValue(rng, palette, isDeep && depth <= 0 ? 'null' : kind, depth - 1);
}

/** The value of a row: mostly fields, of which any may be missing. */
export function drawRowValue(rng: Rng, palette: Palette): unknown {
  if (rng.chance(0.03)) return drawValue(rng, palette, rng.pick(kinds.filter((kind) => kind !== 'null')));
  const entries = FIELDS.filter(() => rng.chance(0.75)).map((field) => {
    const kind = rng.chance(0.92) ? rng.pick(palette.kindsOf.get(field) ?? kinds) : rng.pick(kinds);
    return [field, drawValue(rng, palette, kind)];
  });
  return Object.fromEntries(entries);
}
