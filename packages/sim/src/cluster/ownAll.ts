import { PARTITION_COUNT } from '@topgun/core';
import type { ClusterNodes, Facts } from './ClusterNodes.js';

const ownedIn = (facts: readonly (Facts | undefined)[]): number =>
  facts.reduce((sum, one) => sum + (one?.owned ?? 0), 0);

/** Whether these nodes own everything. */
export async function ownAll(nodes: ClusterNodes, ats: readonly number[]): Promise<boolean> {
  return ownedIn(await Promise.all(ats.map((at) => nodes.facts(at)))) === PARTITION_COUNT;
}

/** Whether these nodes own everything, each of them a part, and none says that something is not as it should be. */
export async function areWhole(nodes: ClusterNodes, ats: readonly number[]): Promise<boolean> {
  const facts = await Promise.all(ats.map((at) => nodes.facts(at)));
  const isWell = (one: Facts | undefined): boolean =>
    one !== undefined && one.owned > 0 && one.degraded.length === 0;
  return ownedIn(facts) === PARTITION_COUNT && facts.every(isWell);
}
