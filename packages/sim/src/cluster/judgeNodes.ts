import { readBack } from '../crash/harness.js';
import { CRASH_MAP } from '../crash/Writer.js';
import { counted } from './Adder.js';
import type { ClusterNodes } from './ClusterNodes.js';

/** Clients that have nothing unanswered any more. */
export interface Finished {
  readonly writers: readonly {
    readonly acknowledged: ReadonlyMap<string, number>;
    /** which map they are in; by default that of all writers */
    readonly map?: string;
  }[];
  readonly adders: readonly { readonly counter: string; readonly added: number }[];
}

/** Looks at each of the nodes and names what is not as it was answered: a write that is gone, a counter that is not its exact sum, roots that differ. */
export async function judgeNodes(
  nodes: ClusterNodes,
  ats: readonly number[],
  { writers, adders }: Finished,
): Promise<string[]> {
  const answered = new Map<string, Map<string, number>>();
  for (const { acknowledged, map = CRASH_MAP } of writers)
    answered.set(map, new Map([...(answered.get(map) ?? []), ...acknowledged]));
  const faults: string[] = [];
  for (const at of ats) {
    for (const [map, expected] of answered) {
      const lost = await readBack(nodes.url(at), nodes.token, expected, map);
      faults.push(...lost.map((line) => `lost at node ${at}: ${line}`));
    }
    for (const { counter, added } of adders) {
      const found = await counted(nodes.url(at), nodes.token, counter);
      if (found !== added)
        faults.push(`${counter} at node ${at} is ${found}, and ${added} times one was added`);
    }
  }
  const roots = await Promise.all(ats.map((at) => nodes.roots(at)));
  if (new Set(roots.map((one) => JSON.stringify(one))).size > 1)
    faults.push(`roots differ: ${JSON.stringify(roots)}`);
  return faults;
}
