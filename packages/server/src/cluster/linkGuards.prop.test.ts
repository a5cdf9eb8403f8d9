import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestCluster } from '../engine/testing/TestCluster.js';
import { commitFrame, feedOf } from './feedFrames.js';
import { answerItemOf, askItemOf, clusterMapOf, feedFrameOf } from './linkGuards.js';

type Tree = unknown[] | Record<string, unknown>;

const COMMIT = commitFrame({
  slices: [
    {
      pid: 7,
      from: { epoch: 0, n: 0 },
      to: { epoch: 5, n: 2 },
      records: [
        {
          map: 'm',
          key: 'k',
          kind: 'LWW',
          value: { a: [1, 2] },
          t: 2048,
          node: 's',
          epoch: 5,
          n: 1,
          ttlMs: 9,
        },
        { map: 'm', key: 'k', kind: 'LWW', value: undefined, t: 4096, node: 's', epoch: 5, n: 2, owner: 'o' },
        { map: 'o', key: 'k', kind: 'OR', tag: 'c:s:1', value: 1, t: 2048, node: 's', epoch: 5, n: 2 },
        { map: 'p', key: 'k', kind: 'PN', value: [3, 1], t: 0, node: '', epoch: 5, n: 2 },
      ],
      gc: { floor: { t: 1, node: 's' }, offset: { epoch: 4, n: 1 } },
    },
  ],
});
const STANDING = { say: 'standing', places: [[7, 5, 2]], revision: 3 };
const OPS = {
  ...{ type: 'OPS', session: 'sessionabcd', settledBelow: 0, incarnation: 'i', concern: 4, maps: ['m'] },
  rows: [
    [1, 0, 0, 'k', 2048, null, { a: 1 }, 5],
    [2, 3, 0, 'k', 2049, null, ['c:s:1']],
    [3, 4, 0, 'k', 2050, null, 7, null, 'node'],
    [4, 5, 0, '{t}', 2051, null, [[0, 0, '{t}a', null, 1]]],
  ],
};
const ASKS = [
  {
    ...{ ask: 'open', conn: 3, clientId: 'c', sessions: ['s'], remote: '::1', seenMs: undefined },
    principal: { sub: 'ann', roles: ['user'], claims: {} },
  },
  { ask: 'ops', conn: 3, ops: OPS, version: 4 },
  { ask: 'end', conn: 3, session: 's' },
  { ask: 'close', conn: 3, hasLeft: false },
];
const ANSWERS = [
  {
    ...{ say: 'message', conn: 3 },
    message: {
      type: 'OP_ACK',
      session: 's',
      level: 4,
      epoch: 5,
      spans: [[1, 2, 0]],
      pos: [7, 1, 7, 2],
      ex: [[1, 'DENIED', null]],
    },
  },
  { say: 'message', conn: 3, message: { type: 'ERROR', code: 'UNAVAILABLE', message: '', retryAfterMs: 9 } },
  { say: 'bounced', conn: 3, session: 's', seqs: [1, 2], version: 4 },
  { say: 'closed', conn: 3, code: 4401, error: 'AUTH_FAILED' },
];
const MAP = {
  version: 4,
  nodes: [{ name: 'a', boot: 'b', slot: 0, address: 'ws://a', state: 'ACTIVE', protocol: 5 }],
  owners: [{ pid: 0, epoch: 1, node: 'a', boot: 'b', target: undefined }],
};

const JUNK = fc.oneof(
  fc.constantFrom(
    undefined,
    null,
    true,
    -1,
    0.5,
    271,
    2 ** 53,
    Number.NaN,
    '',
    'x',
    '__proto__',
    [],
    {},
    [[]],
    1n,
  ),
  fc.anything({ maxDepth: 2 }),
);

/** Every place of a tree, as the way there. */
function placesIn(tree: unknown, way: readonly string[] = []): (readonly string[])[] {
  if (typeof tree !== 'object' || tree === null) return [];
  return Object.entries(tree).flatMap(([name, value]) => [
    [...way, name],
    ...placesIn(value, [...way, name]),
  ]);
}

function changed(good: unknown, at: number, junk: unknown): unknown {
  const tree = structuredClone(good) as Tree;
  const places = placesIn(tree);
  const way = places[at % places.length] as readonly string[];
  let node = tree as Record<string, unknown>;
  for (const name of way.slice(0, -1)) node = node[name] as Record<string, unknown>;
  node[way.at(-1) as string] = junk;
  return tree;
}

const GOOD: readonly (readonly [unknown, (frame: unknown) => unknown])[] = [
  [COMMIT, feedFrameOf],
  [STANDING, feedFrameOf],
  ...ASKS.map((item) => [item, askItemOf] as const),
  ...ANSWERS.map((item) => [item, answerItemOf] as const),
  [MAP, clusterMapOf],
];

describe('what comes from another node', () => {
  it('[CLU-41] is taken as it is when it has its form, and refused with an error when it has none at all', () => {
    for (const [good, guard] of GOOD) {
      expect(guard(good)).toBe(good);
      for (const junk of [
        undefined,
        null,
        7,
        'x',
        [],
        {},
        { say: 'toString' },
        { ask: '__proto__', conn: 1 },
      ])
        expect(() => guard(junk)).toThrow(TypeError);
    }
  });

  it('[CLU-41] whatever one place of it is changed to, it is refused as such, or passed', () => {
    const taken = fc.tuple(fc.constantFrom(...GOOD), fc.nat(), JUNK);
    fc.assert(
      fc.property(taken, ([[good, guard], at, junk]) => {
        try {
          guard(changed(good, at, junk));
        } catch (error) {
          expect(error).toBeInstanceOf(TypeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('[CLU-41] what passes of a changed commit the engine of a follower takes in without stopping', () => {
    fc.assert(
      fc.property(fc.nat(), JUNK, (at, junk) => {
        const frame = changed({ ...COMMIT, facts: [], revision: -1 }, at, junk);
        let feed: ReturnType<typeof feedOf>;
        try {
          const told = feedFrameOf(frame);
          if (told.say !== 'commit') return;
          feed = feedOf(told);
        } catch {
          return;
        }
        const cluster = new TestCluster(2);
        const follower = cluster.member(1);
        follower.side.followed(feed);
        follower.node.tick();
      }),
      { numRuns: 300 },
    );
  });
});
