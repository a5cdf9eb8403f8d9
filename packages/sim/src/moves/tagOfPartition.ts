import { PARTITION_COUNT, partitionOf } from '@topgun/core';

const tags: string[] = [];
for (let n = 0, missing = PARTITION_COUNT; missing > 0; n++) {
  const pid = partitionOf(`${n}`);
  if (tags[pid] !== undefined) continue;
  tags[pid] = `${n}`;
  missing--;
}

/** A text for the braces of a key that is to fall into this partition. */
export function tagOfPartition(pid: number): string {
  const tag = tags[pid];
  if (tag === undefined) throw new RangeError(`There is no partition ${pid}.`);
  return tag;
}
