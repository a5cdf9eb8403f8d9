import * as z from 'zod';
import { askServer, jsonOf, type ServerTarget } from '../askServer.js';

const nodeSchema = z.looseObject({
  name: z.string(),
  state: z.string(),
  address: z.string(),
  publicUrl: z.string().optional(),
  slot: z.number(),
  owned: z.number(),
  isLinked: z.boolean(),
  leaseAgeMs: z.number().optional(),
});

const clusterSchema = z.looseObject({
  isCluster: z.boolean(),
  node: z.string(),
  coordinator: z.string().optional(),
  mapVersion: z.number(),
  nodes: z.array(nodeSchema),
  partitions: z.array(
    z.looseObject({ epoch: z.number(), node: z.string().nullable(), target: z.string().optional() }),
  ),
  unowned: z.number(),
  moving: z.number(),
  degraded: z.array(z.string()),
});

/** What a node answers about its cluster (CLU-70). */
export type Cluster = z.output<typeof clusterSchema>;

/** Asks a node about its cluster. Throws what `askServer` throws. */
export async function askCluster(target: ServerTarget): Promise<Cluster> {
  return jsonOf(await askServer(target, '/api/admin/cluster'), clusterSchema);
}

const drainSchema = z.looseObject({ node: z.string(), owned: z.number() });

/** Resolves with how many partitions the node still owns. */
export async function askDrain(target: ServerTarget, node: string): Promise<number> {
  const answer = await askServer(target, '/api/admin/cluster/drain', 'POST', { node });
  return (await jsonOf(answer, drainSchema)).owned;
}

const movesSchema = z.looseObject({ moves: z.number() });

/** Resolves with how many partitions are to move. */
export async function askRebalance(target: ServerTarget): Promise<number> {
  const answer = await askServer(target, '/api/admin/cluster/rebalance', 'POST', {});
  return (await jsonOf(answer, movesSchema)).moves;
}
