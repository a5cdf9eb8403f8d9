import type { PredicateNode } from '@topgun/core';
import type { Action, Policy, Principal } from '@topgun/server/engine';
import { numberCanary } from '@topgun/sim/internal/oracle/canaries';
import type { Rng } from '@topgun/sim/internal/rng';
import { EVE, FIELDS, MAPS, PEOPLE, ROLES, TEAMS, TOPICS } from '../world.js';

const PATTERNS: readonly string[] = [
  ...MAPS.map(({ name }) => name),
  ...TOPICS.map((name) => `topic:${name}`),
  '**',
  '*',
  'docs:*',
  'users/{sub}/*',
  'users/*/box',
  'users/**',
  'judged:*',
  'topic:*',
  'topic:room:*',
  'topic:users/{sub}',
];

/** A random set of rights. What is true of every set: ROOT may do everything. */
export function drawPolicies(rng: Rng, patterns = PATTERNS, count = rng.int(6, 16)): Policy[] {
  const policies = Array.from({ length: count }, () => drawPolicy(rng, patterns));
  return [{ role: 'root', map: '**', actions: ['READ', 'PUT', 'REMOVE'] }, ...policies];
}

function drawPolicy(rng: Rng, patterns: readonly string[]): Policy {
  const actions = (['PUT', 'REMOVE'] as const).filter(() => rng.chance(0.6));
  const kept: readonly Action[] = actions.length === 0 || rng.chance(0.8) ? ['READ', ...actions] : actions;
  const fields = FIELDS.filter(() => rng.chance(0.5));
  return {
    role: rng.chance(0.2) ? '*' : rng.pick(ROLES),
    map: rng.pick(patterns),
    actions: kept,
    ...(rng.chance(0.55) && { where: drawWhere(rng, 2) }),
    ...(rng.chance(0.35) && { fields }),
  };
}

function drawWhere(rng: Rng, depth: number): PredicateNode {
  const shape = depth === 0 ? 1 : rng.float();
  if (shape < 0.15) return { op: 'not', child: drawWhere(rng, depth - 1) };
  if (shape < 0.4) {
    const children = [drawWhere(rng, depth - 1), drawWhere(rng, depth - 1)];
    return { op: rng.chance(0.5) ? 'and' : 'or', children };
  }
  return drawLeaf(rng);
}

/** What people look for, too: also in fields that are hidden from them. */
export function drawLeaf(rng: Rng): PredicateNode {
  switch (rng.int(0, 9)) {
    case 0:
      return { op: 'eq', path: 'public', value: true };
    case 1:
      return { op: 'lt', path: 'rank', value: rng.int(1, 9) };
    case 2:
      return { op: 'gte', path: 'meta.level', value: rng.int(0, 3) };
    case 3:
      return { op: 'in', path: 'team', values: TEAMS.filter(() => rng.chance(0.5)) };
    case 4:
      return { op: 'exists', path: rng.pick(FIELDS) };
    case 5:
      return { op: 'neq', path: 'owner', value: rng.pick(PEOPLE) };
    case 6:
      return { op: 'gt', path: '', value: numberCanary(rng.int(0, 400)) };
    case 7:
      return { op: 'lt', path: 'pin', value: rng.int(1, 9) };
    default:
      return rng.chance(0.5)
        ? { op: 'eq', path: 'owner', value: { $auth: 'sub' } }
        : rng.chance(0.5)
          ? { op: 'eq', path: 'team', value: { $auth: 'team' } }
          : { op: 'in', path: 'team', values: { $auth: 'teams' } };
  }
}

/** Roles and claims of somebody, as one token of theirs says; Eve has a role now and then. */
export function drawPrincipal(rng: Rng, sub: string): Principal {
  const roles = ROLES.filter(() => rng.chance(sub === EVE ? 0.1 : 0.5));
  return {
    sub,
    roles,
    claims: {
      ...(rng.chance(0.7) && { team: rng.pick(TEAMS) }),
      ...(rng.chance(0.7) && { teams: TEAMS.filter(() => rng.chance(0.5)) }),
    },
  };
}
