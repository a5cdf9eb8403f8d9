import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashString } from '../hash/hashString.js';
import { MerkleTree } from '../MerkleTree.js';
import { partitionOf } from '../partition/partitionOf.js';
import { itemDigest } from './itemDigest.js';
import { PartitionedTree } from './PartitionedTree.js';
import { rowKey, splitRowKey } from './rowKey.js';
import { compareChildren, compareItems, compareRoots } from './walk.js';

// Eight bits, spread over the first two digits, so that keys meet in leaves and in hashes.
const narrow = (key: string) => (hashString(key) % 256) * 2 ** 45;

const keys = fc.oneof(fc.constantFrom('a', 'b', '__proto__'), fc.string({ maxLength: 2 }));
const items = fc.uniqueArray(fc.tuple(keys, fc.oneof(fc.nat({ max: 3 }), fc.maxSafeNat())), {
  selector: ([key]) => key,
  maxLength: 40,
});
const options = fc.record({ depth: fc.nat({ max: 3 }), hashKey: fc.constantFrom(hashString, narrow) });

function treeOf(
  entries: readonly (readonly [string, number])[],
  layout: { depth: number; hashKey: (key: string) => number },
) {
  const tree = new MerkleTree(layout);
  for (const [key, digest] of entries) tree.update(key, digest);
  return tree;
}

const sorted = (entries: readonly (readonly [string, number])[]) => JSON.stringify([...entries].sort());

describe('MerkleTree', () => {
  it('[DAT-5] roots are equal iff items are, in any order, also with the hash of keys narrowed to 8 bits', () => {
    const pairs = fc.tuple(items, items).map(([a, b]) => [a, b] as const);
    // A swap of two digests and a single change are what a weak combination misses.
    const near = items.map((all) => {
      const swapped = all.map(([key], i) => [key, all[(i + 1) % all.length]?.[1] ?? 0] as [string, number]);
      return [all, swapped] as const;
    });
    fc.assert(
      fc.property(fc.oneof(pairs, near), options, ([a, b], layout) => {
        const same = sorted(a) === sorted(b);
        expect(treeOf(a, layout).getRootHash() === treeOf(b, layout).getRootHash()).toBe(same);
        expect(treeOf([...a].reverse(), layout).getRootHash()).toBe(treeOf(a, layout).getRootHash());
      }),
      { numRuns: 500 },
    );
  });

  it('[DAT-5] an emptied tree equals a fresh one, and updates equal inserts', () => {
    fc.assert(
      fc.property(items, items, options, (before, after, layout) => {
        const tree = treeOf(before, layout);
        tree.getKeysInBucket('');
        for (const [key] of before) expect(tree.remove(key)).toBe(true);
        expect([tree.getRootHash(), tree.getBuckets(''), tree.size]).toEqual([0, {}, 0]);
        for (const [key, digest] of before) tree.update(key, digest);
        for (const [key] of before) if (!after.some(([other]) => other === key)) tree.remove(key);
        for (const [key, digest] of after) tree.update(key, digest);
        const fresh = treeOf(after, layout);
        for (const path of ['', '0', 'f', '00', 'a3', '123', 'abcdef']) {
          expect(tree.getNode(path)).toBe(fresh.getNode(path));
          expect(tree.getBuckets(path)).toEqual(fresh.getBuckets(path));
          expect(tree.getKeysInBucket(path).sort()).toEqual(fresh.getKeysInBucket(path).sort());
          expect(tree.countUnder(path)).toBe(fresh.getKeysInBucket(path).length);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('[DAT-5] nodes do not depend on the depth kept, and children add up to their parent', () => {
    fc.assert(
      fc.property(items, fc.nat({ max: 3 }), (all, depth) => {
        const [tree, reference] = [
          treeOf(all, { depth, hashKey: hashString }),
          treeOf(all, { depth: 4, hashKey: hashString }),
        ];
        let paths = [''];
        for (let level = 0; level < 6; level++) {
          for (const path of paths) {
            expect(tree.getNode(path)).toBe(reference.getNode(path));
            expect(tree.children(path)).toEqual(reference.children(path));
            const under = Object.keys(tree.getBuckets(path)).flatMap((digit) =>
              tree.getKeysInBucket(path + digit),
            );
            expect(under.sort()).toEqual(tree.getKeysInBucket(path).sort());
          }
          paths = paths.flatMap((path) => tree.children(path).map(([digit]) => path + digit.toString(16)));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('refuses malformed paths, depths and digests', () => {
    const refusal = expect.objectContaining({ code: 'MERKLE_INVALID' });
    const tree = new MerkleTree();
    for (const path of ['g', 'A', '0000000', ' ']) {
      for (const read of ['getNode', 'children', 'getKeysInBucket', 'countUnder'] as const) {
        expect(() => tree[read](path)).toThrow(refusal);
      }
    }
    for (const depth of [-1, 5, 1.5]) expect(() => new MerkleTree({ depth })).toThrow(refusal);
    for (const digest of [-1, 1.5, 2 ** 53]) expect(() => tree.update('a', digest)).toThrow(refusal);
    expect(tree.remove('a')).toBe(false);
  });
});

describe('walk', () => {
  it('[RES-5] finds exactly the difference of two sets of items', () => {
    fc.assert(
      fc.property(items, items, fc.nat({ max: 4 }), (ours, theirs, itemsFrom) => {
        const [local, remote] = [partitioned(ours), partitioned(theirs)];
        const found = { fetch: [] as string[], drop: [] as string[] };
        const ask = compareRoots(local, remote.partitionRoots()).map((pid) => ({ pid, path: '' }));
        for (const { pid, path } of ask) {
          // The remote side sends few items as they are, and children otherwise; it must send items at the last level.
          if (remote.countUnder(pid, path) <= itemsFrom || path.length === 6) {
            const { fetch, drop } = compareItems(local, pid, path, remote.items(pid, path));
            found.fetch.push(...fetch);
            found.drop.push(...drop);
          } else {
            for (const child of compareChildren(local, pid, path, remote.children(pid, path)))
              ask.push({ pid, path: child });
          }
        }
        const [mine, right] = [new Map(ours), new Map(theirs)];
        expect(found.fetch.sort()).toEqual(
          [...right.keys()].filter((key) => mine.get(key) !== right.get(key)).sort(),
        );
        expect(found.drop.sort()).toEqual([...mine.keys()].filter((key) => !right.has(key)).sort());
        expect(local.rootHash() === remote.rootHash()).toBe(found.fetch.length + found.drop.length === 0);
      }),
      { numRuns: 300 },
    );
  });

  it('[DAT-5] a partitioned tree counts, empties and looks up', () => {
    const tree = partitioned([
      ['a', 1],
      ['b', 2],
    ]);
    tree.update(partitionOf('a'), 'a', 3);
    expect([tree.size, tree.digestOf(partitionOf('a'), 'a'), tree.partitionRoots().length]).toEqual([
      2, 3, 2,
    ]);
    expect(tree.partitionRoot(partitionOf('a'))).toBe(tree.nodeHash(partitionOf('a'), ''));
    expect([tree.remove(partitionOf('a'), 'a'), tree.remove(partitionOf('a'), 'a')]).toEqual([true, false]);
    expect(tree.tree(partitionOf('a'))).toBeUndefined();
    tree.clear();
    expect([tree.size, tree.rootHash(), tree.partitionRoots()]).toEqual([0, 0, []]);
  });
});

describe('items', () => {
  it('[DAT-5] the digest covers key, stamp, node, time to live, value and tag', () => {
    const digests = new Set<number>();
    for (const key of ['k', 'l'])
      for (const t of [1, 2 ** 40])
        for (const node of ['n', 'm'])
          for (const ttl of [undefined, 1])
            for (const value of [0, 2 ** 30])
              for (const tag of [undefined, 't', 'u']) digests.add(itemDigest(key, t, node, ttl, value, tag));
    expect(digests.size).toBe(96);
    expect(itemDigest('k', 1, 'n', undefined, 5)).toBe(itemDigest('k', 1, 'n', 0, 5));
  });

  it('a row key tells key and tag apart whatever they contain', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (key, tag) => {
        expect(splitRowKey(rowKey(key, tag))).toEqual({ key, tag });
      }),
    );
    for (const text of ['', ':', 'a:b', '5:abc', '01:a']) expect(splitRowKey(text)).toBeUndefined();
  });
});

function partitioned(entries: readonly (readonly [string, number])[]): PartitionedTree {
  const tree = new PartitionedTree();
  for (const [key, digest] of entries) tree.update(partitionOf(key), key, digest);
  return tree;
}
