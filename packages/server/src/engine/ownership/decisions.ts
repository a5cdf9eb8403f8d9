import type { Giving, OwnershipState } from './OwnershipState.js';
import { planMap, planTakeOver } from './planMap.js';
import type { OwnershipRequest } from './ports.js';

/** What a coordinator wants changed, once it has seen the map as it is: first the dead, one by one, then what is to be elsewhere. */
export function coordination(state: OwnershipState, self: string, now: number): OwnershipRequest | undefined {
  const { map, leases } = state;
  if (!state.leads || state.isStale || map.version < state.sinceVersion) return undefined;
  const living = new Set(leases.flatMap(({ name, leftMs }) => (leftMs > 0 ? [name] : [])));
  const dead = leases.find(({ name, leftMs }) => leftMs <= 0 && name !== self);
  if (dead !== undefined && now >= state.graceUntilAt) {
    const { name: node, boot } = dead;
    return { type: 'takeOver', node, boot, changes: planTakeOver({ map, living }, node) };
  }
  const changes = planMap({ map, living });
  return changes.length === 0 ? undefined : { type: 'propose', version: map.version, changes };
}

/** Which of its partitions a node hands over next, in the order of the map, all to one target. */
export function nextHandOver(
  { map, holds }: OwnershipState,
  self: string,
  most: number,
): Pick<Giving, 'pids' | 'target'> | undefined {
  let chosen: string | undefined;
  const pids: number[] = [];
  for (const { pid, target } of map.owners) {
    if (target === undefined || target === self || holds.get(pid)?.isTaken !== true) continue;
    chosen ??= target;
    if (target === chosen) pids.push(pid);
    if (pids.length === most) break;
  }
  return chosen === undefined ? undefined : { pids, target: chosen };
}

/** Nothing was said to the database yet: it can still be put off. */
export const isOpen = ({ stage }: Giving): boolean => stage === 'RELEASING' || stage === 'READY';

/** The earliest time at which something may follow without anything being heard. */
export function nextAt(state: OwnershipState, isMember: boolean, handOverMs: number, now: number): number {
  const { giving, pulse, pulseAt, aliveUntilAt, phase } = state;
  const times: number[] = [];
  if (isMember) times.push(aliveUntilAt);
  if (pulse === undefined && (isMember || phase === 'OUT')) times.push(pulseAt);
  if (giving !== undefined && isOpen(giving)) times.push(giving.sinceAt + handOverMs);
  for (const at of [state.giveAt, state.workAt, state.graceUntilAt]) if (at > now) times.push(at);
  return Math.min(...times);
}
