import type { ClusterMap } from '../../cluster/ports.js';
import { type Place, placePartitions } from './placePartitions.js';
import type { MapChange } from './ports.js';

/** What is known of the others when a plan is made. */
export interface PlanFacts {
  readonly map: ClusterMap;
  /** names whose leases live */
  readonly living: ReadonlySet<string>;
}

/**
 * What a coordinator proposes: owners for what has none, and targets for what is to be elsewhere. Partitions of nodes whose lease has run
 * out stay as they are until they are taken over (CLU-12). A draining node has nothing to keep; a joining one is given nothing (CLU-3).
 */
export function planMap(facts: PlanFacts): readonly MapChange[] {
  return plan(facts, undefined);
}

/** Who gets what a dead node had. */
export function planTakeOver(facts: PlanFacts, dead: string): readonly MapChange[] {
  const { map } = facts;
  return plan(facts, dead).filter(({ pid }) => map.owners[pid]?.node === dead);
}

function plan({ map, living }: PlanFacts, dead: string | undefined): readonly MapChange[] {
  const states = new Map(map.nodes.map(({ name, state }) => [name, state]));
  const fit = map.nodes
    .filter(({ name, state }) => state === 'ACTIVE' && name !== dead && living.has(name))
    .sort((a, b) => a.slot - b.slot)
    .map(({ name }) => name);
  if (fit.length === 0) return [];
  const at = new Map(fit.map((name, place) => [name, place]));
  const placeOf = (node: string | undefined, target: string | undefined): Place => {
    if (node === undefined || node === dead) return 'nowhere';
    // What is on its way counts as there.
    const place = at.get(target ?? node) ?? at.get(node);
    if (place !== undefined && living.has(node)) return place;
    return states.get(node) === 'DRAINING' && living.has(node) ? 'nowhere' : 'out of reach';
  };
  const places = map.owners.map(({ node, target }) => placeOf(node, target));
  const moved = placePartitions(places, fit.length);
  const changes: MapChange[] = [];
  for (const { pid, node, target } of map.owners) {
    const place = moved.get(pid) ?? places[pid];
    if (typeof place !== 'number') continue;
    const wanted = fit[place];
    if (wanted === undefined) continue;
    if (node === undefined || node === dead) changes.push({ pid, node: wanted });
    else {
      const next = wanted === node ? undefined : wanted;
      if (next !== target) changes.push({ pid, target: next });
    }
  }
  return changes;
}
