import type { IndexSpec, PredicateNode, QuerySpec } from '@topgun/core';
import type { Policy } from '@topgun/server/engine';
import { fieldAt } from '@topgun/sim/internal/oracle/values';
import { Rng } from '@topgun/sim/internal/rng';
import type { Case, Change, Who } from '../Case.js';
import { MAP } from '../Case.js';
import { drawGrouping } from './drawGrouping.js';
import { drawPath, drawPredicate, type Ground } from './predicates.js';
import { drawPalette, drawRowValue, drawValue, FIELDS, type Palette } from './values.js';

const KEYS = ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'K1', 'k10', 'é', '😀', '日', '__proto__'];
/** So many rows that a window does not hold all of them behind its limit. */
const MANY_KEYS = Array.from({ length: 150 }, (_, at) => `row-${at}`);

/** The case of a seed. */
export function drawCase(seed: number): Case {
  const rng = Rng.of(seed, 'query-fuzz');
  const palette = drawPalette(rng);
  const isLarge = rng.chance(0.06);
  const keys = isLarge ? MANY_KEYS : KEYS;
  const rows = new Map<string, unknown>();
  const count = isLarge ? rng.int(40, MANY_KEYS.length) : rng.int(0, 10);
  for (let at = 0; at < count; at++) rows.set(rng.pick(keys), drawRowValue(rng, palette));
  const batches = Array.from({ length: rng.int(1, 4) }, () =>
    Array.from({ length: isLarge ? rng.int(1, 40) : rng.int(1, 5) }, () => drawChange(rng, palette, keys)),
  );
  const samples = [...rows.values(), ...batches.flat().map(([, value]) => value)].filter(
    (value) => value !== undefined,
  );
  const query = drawPage(rng, drawQuery(rng, { palette, samples, authP: 0.03 }), keys, samples);
  return {
    query,
    who: rng.chance(0.4) ? [drawWho(rng, palette), drawWho(rng, palette)] : [drawWho(rng, palette)],
    policies: drawPolicies(rng, { palette, samples, authP: 0.4 }),
    rows: [...rows],
    batches,
    indexes: drawIndexes(rng, query),
    grouping: drawGrouping(rng),
  };
}

function drawChange(rng: Rng, palette: Palette, keys: readonly string[]): Change {
  const key = rng.pick(keys);
  return rng.chance(0.35) ? [key] : [key, drawRowValue(rng, palette)];
}

function drawQuery(rng: Rng, ground: Ground): QuerySpec {
  const sort = Array.from({ length: rng.pick([0, 1, 1, 2, 3]) }, () => {
    return [drawPath(rng), rng.pick(['asc', 'desc'] as const)] as const;
  });
  return {
    ...(rng.chance(0.85) && { where: drawPredicate(rng, ground) }),
    ...(sort.length > 0 && { sort }),
    ...(rng.chance(0.65) && { limit: rng.int(1, 6) }),
  };
}

/** Now and then only what lies beyond a position: where a row stands, or once stood. */
function drawPage(
  rng: Rng,
  query: QuerySpec,
  keys: readonly string[],
  samples: readonly unknown[],
): QuerySpec {
  if (samples.length === 0 || rng.chance(0.85)) return query;
  const value = rng.pick(samples);
  const fields = (query.sort ?? []).map(([path]) => fieldAt(value, path));
  const position = {
    key: rng.pick(keys),
    values: fields.map((field) => (field === undefined ? [] : [field])),
  };
  return rng.chance(0.5) ? { ...query, after: position } : { ...query, before: position };
}

function drawWho(rng: Rng, palette: Palette): Who {
  const draws: Readonly<Record<string, () => unknown>> = {
    team: () => drawValue(rng, palette, 'string'),
    teams: () => drawValue(rng, palette, 'array'),
    level: () => drawValue(rng, palette, rng.pick(['number', 'bigint'])),
    deep: () => ({ at: drawValue(rng, palette) }),
  };
  const claims = Object.entries(draws).filter(() => rng.chance(0.6));
  return {
    sub: rng.pick(['ann', 'ben', 'a']),
    claims: Object.fromEntries(claims.map(([name, draw]) => [name, draw()])),
  };
}

function drawPolicies(rng: Rng, ground: Ground): Policy[] {
  if (rng.chance(0.4)) return [{ role: 'user', map: MAP, actions: ['READ'] }];
  return Array.from({ length: rng.int(1, 3) }, () => ({
    role: rng.pick(['user', 'user', '*', 'stranger']),
    map: rng.pick([MAP, MAP, MAP, '**', '*', 'other']),
    actions: [rng.chance(0.95) ? ('READ' as const) : ('PUT' as const)],
    ...(rng.chance(0.7) && { where: drawPredicate(rng, ground) }),
    ...(rng.chance(0.4) && { fields: FIELDS.filter(() => rng.chance(0.6)) }),
  }));
}

/** Indexes that could be of use, and some that are none. */
function drawIndexes(rng: Rng, { where, sort = [] }: QuerySpec): IndexSpec[] {
  const tested = where === undefined ? [] : pathsOf(where);
  const sorted = sort.map(([path]) => path);
  const paths = [...new Set([...tested, ...sorted, drawPath(rng)])];
  return Array.from({ length: rng.pick([0, 1, 2, 2, 3]) }, (): IndexSpec => {
    const path = rng.pick(paths);
    const kind = rng.pick(['hash', 'ordered', 'compound'] as const);
    if (kind !== 'compound') return { kind, path };
    const tuple = [...new Set([path, ...(rng.chance(0.6) ? sorted : []), rng.pick(paths), drawPath(rng)])];
    return tuple.length > 1 ? { kind, paths: tuple.slice(0, rng.int(2, 4)) } : { kind: 'ordered', path };
  });
}

function pathsOf(node: PredicateNode): string[] {
  switch (node.op) {
    case 'and':
    case 'or':
      return node.children.flatMap(pathsOf);
    case 'not':
      return pathsOf(node.child);
    default:
      return [node.path];
  }
}
