import { PARTITION_COUNT } from '@topgun/core';
import type { ClusterLaw } from './ClusterLaw.js';

/** CLU-18: no two nodes act as the owner of one partition; no commit counts that is not the owner's, at its epoch; one node commits in an epoch. */
export const owners: ClusterLaw = {
  watch(world) {
    const committers = new Map<string, string>();
    return {
      counted({ name, boot }, { slices }) {
        for (const { pid, high, records, dedup, gc } of slices) {
          if (records.length === 0 && dedup.length === 0 && gc === undefined) continue;
          const { node, boot: owning, epoch } = world.database.membership.ownerOf(pid);
          if (node !== name || owning !== boot)
            world.fail(`CLU-18: a commit of ${name} to partition ${pid} counts, which is ${node}'s`);
          if (records.length === 0) continue;
          if (high.epoch !== epoch)
            world.fail(
              `CLU-18: a commit of ${name} to partition ${pid} counts in epoch ${high.epoch}, it is ${epoch}`,
            );
          const key = `${pid}/${high.epoch}`;
          const before = committers.get(key);
          if (before !== undefined && before !== boot)
            world.fail(`CLU-10: ${before} and ${boot} have both committed to partition ${key}`);
          committers.set(key, boot);
        }
      },
      look() {
        const acting = new Map<number, string>();
        for (const { self, manager } of world.cluster.members)
          for (let pid = 0; pid < PARTITION_COUNT; pid++) {
            if (manager?.partitions.owns(pid) !== true) continue;
            const other = acting.get(pid);
            if (other !== undefined)
              world.fail(`CLU-18: ${other} and ${self.name} both act as the owner of partition ${pid}`);
            acting.set(pid, self.name);
          }
      },
    };
  },
};
