import type { ClusterNodes } from '../cluster/ClusterNodes.js';

/** Whether these nodes, and no others, are the cluster, by the word of each: all own the same to within one partition, and nothing moves. */
export async function isSettled(nodes: ClusterNodes, ats: readonly number[]): Promise<boolean> {
  const answers = await Promise.all(ats.map((at) => nodes.status(at)));
  const names = ats.map((at) => nodes.nameOf(at)).sort();
  return answers.every((answer) => {
    if (answer === undefined || answer.mapVersion !== answers[0]?.mapVersion) return false;
    const { nodes: known, unowned, moving, degraded } = answer;
    const owned = known.map((node) => node.owned);
    return (
      unowned + moving + degraded.length === 0 &&
      known.every(({ state }) => state === 'ACTIVE') &&
      JSON.stringify(known.map(({ name }) => name).sort()) === JSON.stringify(names) &&
      Math.max(...owned) - Math.min(...owned) <= 1
    );
  });
}
