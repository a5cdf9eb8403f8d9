import { PARTITION_COUNT, type PredicateNode, partitionOf } from '@topgun/core';
import { packHashes, type SortTerm } from '@topgun/protocol';
import { digestOf } from '@topgun/sim/internal/oracle/KnownData';
import type { Rng } from '@topgun/sim/internal/rng';
import { drawLeaf } from '../draw/drawPolicies.js';
import { MAPS, SORTABLE, TOPICS } from '../world.js';
import { type Action, keyOf, type Stage } from './Action.js';

const CHILDREN = 16;

/** Asks before anybody knows who it is. */
export const stranger: Action = {
  name: 'stranger',
  weight: 0.5,
  run(stage) {
    stage.actor.connect();
    stage.rng.pick([sync, walk, ask, hear]).run(stage);
  },
};

/** Opens a scope: from nothing, by the last root, by a cursor of one's own or of somebody else. */
export const sync: Action = {
  name: 'sync',
  weight: 10,
  run({ actor, hearsay, rng }) {
    const { name: map, kind } = rng.pick(MAPS);
    const cursors = hearsay.cursors.get(map) ?? [];
    actor.send({
      type: 'SYNC_INIT',
      req: actor.req,
      map,
      kind,
      root: rng.chance(0.3) ? (actor.roots.get(map) ?? 0) : rng.chance(0.5) ? 0 : rng.u32(),
      ...(cursors.length > 0 && rng.chance(0.6) && { cursor: rng.pick(cursors) }),
    });
  },
};

export const syncEnd: Action = {
  name: 'sync end',
  weight: 1,
  run: ({ actor, rng }) => actor.send({ type: 'SYNC_END', map: rng.pick(MAPS).name }),
};

/** Walks over a map or a query, whether it is open or not. */
export const walk: Action = {
  name: 'walk',
  weight: 9,
  run(stage) {
    const { actor, rng } = stage;
    const { map, query } = drawShown(stage);
    const pids = rng.chance(0.5)
      ? Array.from({ length: PARTITION_COUNT }, (_, pid) => pid)
      : [partitionOf(keyOf(stage, map))];
    const path = rng.chance(0.9) ? '' : rng.int(0, 15).toString(16);
    // Nothing, or something else than whatever is there: then hashes of children or digests come, else rows.
    const theirs = rng.chance(0.4)
      ? null
      : packHashes(Array.from({ length: CHILDREN }, () => (rng.chance(0.1) ? 0 : 1)));
    actor.send({
      type: 'MERKLE_REQ',
      req: actor.req,
      map,
      nodes: pids.map((pid) => [pid, path, theirs] as const),
      ...(query !== undefined && { query }),
    });
  },
};

/** Rows by digests that were heard, or that somebody who knows the rows has worked out. */
export const rowsByDigest: Action = {
  name: 'rows by digest',
  weight: 6,
  run(stage) {
    const { actor, hearsay, node, rng } = stage;
    const { map, query } = drawShown(stage);
    const rows = [...node.data.rows(map)].filter((row) => row.value !== undefined);
    const items = rows.map((row) => {
      const digests = [digestOf(row, row.value), digestOf(row, seenBySomebody(stage, row))];
      if (hearsay.digests.length > 0) digests.push(rng.pick(hearsay.digests));
      return [row.pid, '', packHashes(digests)] as const;
    });
    if (items.length === 0) return;
    actor.send({ type: 'ROWS_REQ', req: actor.req, map, items, ...(query !== undefined && { query }) });
  },
};

function seenBySomebody({ node, rng }: Stage, row: Parameters<typeof digestOf>[0]): unknown {
  const { viewer } = rng.pick([...node.peers.values()]);
  return viewer.seen(row) ?? null;
}

function drawShown({ actor, rng }: Stage): { readonly map: string; readonly query?: string } {
  const open = [...actor.queries];
  // Many elements of few keys: the map whose partitions have something to walk over.
  if (rng.chance(0.2)) return { map: 'tags' };
  if (open.length === 0 || rng.chance(0.5)) return { map: rng.pick(MAPS).name };
  const [query, map] = rng.pick(open);
  return { map, query };
}

const QUERIES = ['q1', 'q2', 'q3', 'q4', 'q5', 'q6'];

/** Questions of all sorts, also by fields that are hidden. */
export const ask: Action = {
  name: 'ask',
  weight: 12,
  run({ actor, node, rng }) {
    const { name: map, kind } = rng.pick(MAPS);
    const query = rng.pick(QUERIES);
    const sort: SortTerm[] = rng.chance(0.5) ? [[rng.pick(SORTABLE), rng.chance(0.5) ? 'asc' : 'desc']] : [];
    const [found] = [...node.data.rows(map)];
    // A page begins behind a row, which may well be one that is hidden.
    const isPage = kind === 'LWW' && found !== undefined && rng.chance(0.2);
    const position = isPage && {
      [rng.chance(0.5) ? 'after' : 'before']: {
        key: found.key,
        values: sort.map(([path]) => fieldOf(found.value, path)),
      },
    };
    actor.ask({
      type: 'QUERY_SUB',
      query,
      map,
      ...(rng.chance(0.7) && { where: drawQuestion(rng, secretIn(found?.value)) }),
      ...(sort.length > 0 && { sort }),
      ...(rng.chance(0.5) && { limit: rng.int(1, 5) }),
      ...(rng.chance(0.3) && { root: rng.chance(0.5) ? (actor.roots.get(query) ?? 0) : rng.u32() }),
      ...(position || undefined),
    });
  },
};

/** A field in a position: its value, or nothing where it is missing. */
function fieldOf(value: unknown, path: string): readonly [] | readonly [unknown] {
  const field = (value as Record<string, unknown> | undefined)?.[path];
  return field === undefined ? [] : [field];
}

function secretIn(value: unknown): unknown {
  return typeof value === 'object' && value !== null && 'secret' in value ? value.secret : undefined;
}

function drawQuestion(rng: Rng, secret: unknown): PredicateNode {
  if (secret !== undefined && rng.chance(0.2)) return { op: 'eq', path: 'secret', value: secret };
  return drawLeaf(rng);
}

export const askNoMore: Action = {
  name: 'ask no more',
  weight: 2,
  run: ({ actor, rng }) => actor.send({ type: 'QUERY_UNSUB', query: rng.pick(QUERIES) }),
};

export const hear: Action = {
  name: 'hear',
  weight: 5,
  run: ({ actor, rng }) =>
    actor.send({ type: rng.chance(0.85) ? 'TOPIC_SUB' : 'TOPIC_UNSUB', topic: rng.pick(TOPICS) }),
};
