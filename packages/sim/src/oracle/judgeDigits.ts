import { deepEqual, PartitionedTree } from '@topgun/core';
import { digestOf, type KnownData, readableOf } from './KnownData.js';
import type { Viewer } from './Viewer.js';

/** PO-2 and PO-5 where hashes are written as digits: roots of whole maps, and digests of rows, that somebody may not have. */
export function judgeDigits(data: KnownData, viewer: Viewer, bytes: Uint8Array, outlet: string): string[] {
  const numbers = new Set(
    Buffer.from(bytes)
      .toString('latin1')
      .match(/(?<![0-9])[0-9]{9,16}(?![0-9])/g)
      ?.map(Number),
  );
  if (numbers.size === 0) return [];
  const leaks: string[] = [];
  for (const map of data.maps()) {
    const whole = new PartitionedTree();
    for (const row of data.rows(map)) {
      if (row.value === undefined) continue;
      const digest = digestOf(row, row.value);
      whole.update(row.pid, row.item, digest);
      if (numbers.has(digest) && !deepEqual(viewer.seen(row), readableOf(row)))
        leaks.push(`PO-2: ${outlet} carries the digest of ${map}/${row.item}, which is hidden`);
    }
    if (whole.size > 0 && numbers.has(whole.rootHash()) && !viewer.readsAll(map))
      leaks.push(`PO-5: ${outlet} carries the root of ${map}, of which a part is hidden`);
  }
  return leaks;
}
