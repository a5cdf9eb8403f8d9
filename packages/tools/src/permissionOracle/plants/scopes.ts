import { PARTITION_COUNT, PartitionedTree } from '@topgun/core';
import { MERKLE_FORM, packHashes, unpackHashes } from '@topgun/protocol';
import { Gate } from '@topgun/server/internal/engine/Gate';
import { MapState } from '@topgun/server/internal/engine/MapState';
import { Scopes } from '@topgun/server/internal/engine/Scopes';
import { SyncServer } from '@topgun/server/internal/engine/SyncServer';
import { ViewGroup } from '@topgun/server/internal/engine/ViewGroup';
import { digestOf } from '@topgun/sim/internal/oracle/KnownData';
import { all } from '@topgun/sim/internal/teeth/PlantedBug';
import { replaceMethod } from '@topgun/sim/internal/teeth/replaceMethod';
import type { OracleNode } from '../OracleNode.js';
import { adding, amending } from './amend.js';
import type { Plant } from './Plant.js';
import { unmaskedIn, wholeTreeIn } from './unmasked.js';

/** Everything that a map is followed by: deltas, roots, cursors, walks. */
export const scopes: readonly Plant[] = [
  { outlet: 'delta', name: 'deltas are not masked', plant: unmaskedIn(Scopes, 'publish') },
  {
    outlet: 'delta',
    name: 'scopes outlive the rights they were opened with',
    plant: () => replaceMethod(Scopes, 'review', () => () => undefined),
  },
  {
    outlet: 'delta',
    name: 'rights that were looked up are not forgotten with new policies',
    plant: () =>
      replaceMethod(
        Gate,
        'setPolicies',
        (setPolicies) =>
          function (this: Gate, policies, connections) {
            const kept = [...connections].map((conn) => [conn, [...conn.rights]] as const);
            setPolicies.call(this, policies, connections);
            for (const [conn, rights] of kept) for (const [map, held] of rights) conn.rights.set(map, held);
          },
      ),
  },
  {
    outlet: 'delta gone',
    name: 'changes of hidden rows are told as departures',
    plant: () =>
      replaceMethod(
        ViewGroup,
        'seen',
        (seen) =>
          function (this: ViewGroup, row) {
            return (
              seen.call(this, row) ?? (row !== undefined && row.slot?.committed !== row ? {} : undefined)
            );
          },
      ),
  },
  {
    outlet: 'catch-up',
    name: 'what changed since a cursor is told to who reads a part of the map',
    plant: () =>
      replaceMethod(
        Scopes,
        'wholeMap',
        (wholeMap) =>
          function (this: Scopes, conn, map) {
            // A connection whose rights are known already, and open.
            const open = { rights: new Map([[map, { view: { isWhole: true } }]]) };
            return wholeMap.call(this, open as unknown as typeof conn, map);
          },
      ),
  },
  { outlet: 'root', name: 'the root of the whole map', plant: wholeTreeIn(SyncServer, 'init') },
  {
    outlet: 'root with hashes',
    name: 'the hashes of all partitions of the whole map',
    plant: amending('SYNC_ROOT', (message, _, __, node) => {
      if (message.parts === undefined) return undefined;
      const tree = wholeTree(node, message.map);
      return {
        ...message,
        parts: packHashes(Array.from({ length: PARTITION_COUNT }, (_, pid) => tree.partitionRoot(pid))),
      };
    }),
  },
  {
    outlet: 'root with cursor',
    name: 'a view of a part of a map gets a cursor',
    plant: () =>
      replaceMethod(
        Scopes,
        'placeOf',
        (placeOf) =>
          function (this: Scopes, group) {
            const whole = { view: { isWhole: true }, map: group.map, positions: () => group.positions() };
            return placeOf.call(this, whole as unknown as typeof group);
          },
      ),
  },
  {
    outlet: 'cursor',
    name: 'cursors are told to views of a part of a map',
    plant: adding('SERVER_EVENT', ({ map }, conn, { peers }) =>
      peers.get(conn)?.viewer.readsAll(map) === true
        ? undefined
        : { type: 'CURSOR', map, at: Uint8Array.of(0), proof: new Uint8Array(16) },
    ),
  },
  {
    outlet: 'walk hashes',
    name: 'a walk goes over the hashes of the whole map',
    plant: amending('MERKLE_RESP', (message, _, __, node) => {
      const tree = wholeTree(node, message.map);
      const parts = message.parts.map((part): typeof part => {
        if (part[2] !== MERKLE_FORM.CHILDREN) return part;
        const hashes = new Array<number>(16).fill(0);
        for (const [digit, hash] of tree.children(part[0], part[1])) hashes[digit] = hash;
        return [part[0], part[1], part[2], packHashes(hashes)];
      });
      return { ...message, parts };
    }),
  },
  {
    outlet: 'walk digests',
    name: 'a walk lists the digest of a hidden row',
    plant: amending('MERKLE_RESP', (message, { row }) => {
      const parts = message.parts.map((part): typeof part => {
        if (part[2] !== MERKLE_FORM.ITEMS) return part;
        return [part[0], part[1], part[2], packHashes([...unpackHashes(part[3]), digestOf(row, row.value)])];
      });
      return { ...message, parts };
    }),
  },
  { outlet: 'walk rows', name: 'rows of a walk are not masked', plant: unmaskedIn(SyncServer, 'merkle') },
  {
    outlet: 'rows by digest',
    name: 'whoever knows a digest gets the row',
    plant: (node) => all(wholeTreeIn(SyncServer, 'rows')(node), unmaskedIn(SyncServer, 'rows')(node)),
  },
  {
    outlet: 'prune',
    name: 'what was forgotten is told by its name',
    plant: amending('GC_PRUNE', (message, { text }) => ({ ...message, map: text })),
  },
  {
    outlet: 'rows by digest',
    name: 'rows are shown before they are durable',
    plant: () =>
      replaceMethod(
        MapState,
        'committed',
        () =>
          function (this: MapState, item) {
            return this.current(item);
          },
      ),
  },
];

/** The digests of all rows of a map, as only those may have them who read all of it. */
function wholeTree({ data }: OracleNode, map: string): PartitionedTree {
  const tree = new PartitionedTree();
  for (const row of data.rows(map))
    if (row.value !== undefined) tree.update(row.pid, row.item, digestOf(row, row.value));
  return tree;
}
