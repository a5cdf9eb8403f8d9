import type { Checker } from '../../checkers/Checker.js';
import { checkers } from '../../checkers/index.js';
import { permissions } from '../../checkers/permissions.js';
import { ClusterWorld } from '../ClusterWorld.js';
import { agreement } from './agreement.js';
import type { ClusterLaw } from './ClusterLaw.js';
import { gateways } from './gateways.js';
import { owners } from './owners.js';
import { promptAnswers } from './promptAnswers.js';

const ofClusters: readonly ClusterLaw[] = [owners, agreement, gateways, promptAnswers];

/** Begins to watch a cluster in which nothing has happened yet. */
export function watchCluster(world: ClusterWorld): void {
  for (const law of ofClusters) {
    const watch = law.watch?.(world);
    if (watch === undefined) continue;
    world.clusterWatches.push(watch);
    if (watch.look !== undefined) world.watches.push({ look: () => watch.look?.() });
  }
}

const asChecker = ({ atEnd }: ClusterLaw): Checker => ({
  atEnd: (world) => {
    if (world instanceof ClusterWorld) atEnd?.(world);
  },
});

/** Everything that must hold of a cluster. The oracle of permissions knows what one memory holds, and not what several do. */
export const clusterLaws: readonly Checker[] = [
  ...checkers.filter((checker) => checker !== permissions),
  ...ofClusters.map(asChecker),
];
