import { PARTITION_COUNT, PartitionedTree } from '@topgun/core';
import { MERKLE_FORM, packHashes, type ServerMessage, shortHash, unpackHashes } from '@topgun/protocol';
import type { Row } from '@topgun/server/internal/engine/Row';
import { resultOf } from './judgeRows.js';
import { digestOf, type KnownData } from './KnownData.js';
import type { Viewer } from './Viewer.js';

const CHILDREN = 16;

/**
 * PO-5: every root, hash and digest follows from the rows that are seen, as they are seen: nothing hidden is mixed into it. Cursors are for
 * those who read all of a map.
 */
export function judgeHashes(data: KnownData, viewer: Viewer, message: ServerMessage, leaks: string[]): void {
  const { type } = message;
  const mustReadAll = (map: string, what: string): void => {
    if (!viewer.readsAll(map)) leaks.push(`PO-5: ${what} for somebody who does not read all of ${map}`);
  };
  switch (type) {
    case 'CURSOR':
    case 'SYNC_DELTA':
      return mustReadAll(message.map, type);
    case 'SYNC_ROOT': {
      if (message.proof !== undefined) mustReadAll(message.map, 'a cursor');
      return judgeRoot(treeOf(data, viewer, message.map), message, leaks);
    }
    case 'QUERY_RESP': {
      const asked = viewer.queries.get(message.query);
      if (message.root === undefined || asked === undefined) return;
      return judgeRoot(
        treeOver(viewer, resultOf(data, viewer, asked)),
        { ...message, root: message.root },
        leaks,
      );
    }
    case 'ROWS_RESP':
    case 'MERKLE_RESP': {
      const asked = message.query === undefined ? undefined : viewer.queries.get(message.query);
      const tree =
        asked === undefined
          ? treeOf(data, viewer, message.map)
          : treeOver(viewer, resultOf(data, viewer, asked));
      judgeRoot(tree, { type, root: message.root }, leaks);
      if (message.type === 'MERKLE_RESP')
        for (const part of message.parts) {
          if (part[2] === MERKLE_FORM.ROWS) continue;
          const own = new Set(
            (part[2] === MERKLE_FORM.CHILDREN ? childrenOf : digestsOf)(tree, part[0], part[1]).map(
              shortHash,
            ),
          );
          if (unpackHashes(part[3]).every((hash) => own.has(hash))) continue;
          leaks.push(`PO-5: MERKLE_RESP has a hash under ${part[0]}/${part[1]} that no visible row gives`);
        }
      return;
    }
    default:
  }
}

function judgeRoot(
  tree: PartitionedTree,
  { type, root, parts }: { readonly type: string; readonly root: number; readonly parts?: Uint8Array },
  leaks: string[],
): void {
  if (root !== tree.rootHash()) leaks.push(`PO-5: the root in ${type} is not that of what is seen`);
  if (parts === undefined) return;
  const own = packHashes(Array.from({ length: PARTITION_COUNT }, (_, pid) => tree.partitionRoot(pid)));
  if (Buffer.compare(own, parts) !== 0)
    leaks.push(`PO-5: the hashes in ${type} are not those of what is seen`);
}

const childrenOf = (tree: PartitionedTree, pid: number, path: string): number[] => {
  const hashes = new Array<number>(CHILDREN).fill(0);
  for (const [digit, hash] of tree.children(pid, path)) hashes[digit] = hash;
  return hashes;
};

const digestsOf = (tree: PartitionedTree, pid: number, path: string): number[] =>
  tree.items(pid, path).map(([, digest]) => digest);

/** The digests of a map as somebody sees it, kept until something changes. */
function treeOf(data: KnownData, viewer: Viewer, map: string): PartitionedTree {
  const version = data.versionOf(map);
  const known = viewer.trees.get(map);
  if (known?.version === version) return known.tree;
  const tree = treeOver(viewer, data.rows(map));
  viewer.trees.set(map, { version, tree });
  return tree;
}

function treeOver(viewer: Viewer, rows: Iterable<Row>): PartitionedTree {
  const tree = new PartitionedTree();
  for (const row of rows) {
    const seen = viewer.seen(row);
    if (seen !== undefined) tree.update(row.pid, row.item, digestOf(row, seen));
  }
  return tree;
}
