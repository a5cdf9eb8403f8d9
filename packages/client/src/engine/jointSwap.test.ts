import type { ServerMessage } from '@topgun/protocol';
import * as LIMITS from '@topgun/protocol/limits';
import { describe, expect, it } from 'vitest';
import type { Feed } from './Feeds.js';
import { JointSwap } from './JointSwap.js';
import { type FakeRealm, FakeWorld } from './testing/FakeWorld.js';

const KEY = '{likes}k';
const WHERE = { where: { on: true } };
const row = (of: string): unknown => ({ of, on: true });

/** A device that shows one key of two maps, one of them or both by a query, and every pair of values that it has shown. */
function watching(sides: readonly ('map' | 'query')[]): {
  world: FakeWorld;
  realm: FakeRealm;
  write: (of: string, t: number) => void;
  seen: Set<string>;
} {
  const world = new FakeWorld();
  const realm = world.started();
  const maps = ['p', 'r'];
  const write = (of: string, t: number): void => {
    for (const map of maps) world.server.put(map, KEY, row(of), t);
  };
  for (const map of maps) for (let i = 0; i < 100; i++) world.server.put(map, `row${i}`, row('fill'), 1);
  write('old', 1);
  for (const [i, map] of maps.entries())
    if (sides[i] === 'map') realm.engine.openMap(map, 'LWW');
    else realm.openQuery(map, map, WHERE);
  world.settle();
  const seen = new Set<string>();
  const shown = (map: string, i: number): unknown =>
    sides[i] === 'map'
      ? realm.engine.get(map, KEY)
      : realm.engine.queryResult(map).rows.find(({ key }) => key === KEY)?.value;
  realm.onEvent = () =>
    seen.add(maps.map((map, i) => (shown(map, i) as { of: string } | undefined)?.of).join());
  return { world, realm, write, seen };
}

describe('catching up together', () => {
  it.each([[['query', 'query']], [['map', 'query']], [['query', 'map']]] as const)(
    '[RES-6] shows what was written meanwhile in a %s at once',
    (sides) => {
      const { world, write, seen } = watching(sides);
      world.server.sync.hasCursors = false;
      world.server.sync.pageNodes = 1;
      world.cutNetwork();
      // One side has far more to fetch than the other.
      for (let i = 0; i < 60; i++) world.server.put('r', `row${i}`, row('changed'), 2);
      write('new', 2);
      world.healNetwork();
      expect([...seen].sort()).toEqual(['new,new', 'old,old']);
    },
  );

  it.each([[['query', 'query']], [['map', 'query']], [['map', 'map']]] as const)(
    '[RES-6] keeps what is written while one of a %s is on its way until all are there',
    (sides) => {
      const { world, realm, write, seen } = watching(sides);
      world.cutNetwork();
      for (let i = 0; i < 60; i++) world.server.put('r', `row${i}`, row('changed'), 2);
      const receive = world.server.receive.bind(world.server);
      const late: (() => void)[] = [];
      world.server.receive = (connection, message) => {
        const isAbout = 'map' in message && message.map === 'r';
        if (isAbout) late.push(() => receive(connection, message));
        else receive(connection, message);
      };
      world.isServerUp = true;
      realm.engine.reset();
      world.settle();
      // The first side is there and follows; the other one has not even been asked for at the server.
      write('new', 3);
      world.settle();
      expect([...seen]).toEqual(['old,old']);
      for (let next = late.shift(); next; next = late.shift()) {
        next();
        world.settle();
      }
      expect([...seen].sort()).toEqual(['new,new', 'old,old']);
      expect(realm.engine.state()).toBe('CONNECTED');
      write('newer', 4);
      world.settle();
      expect(seen.has('newer,newer')).toBe(true);
    },
  );

  it.each([[['query', 'query']], [['map', 'query']], [['map', 'map']]] as const)(
    '[RES-6] shows no half of what is written while the walk over a %s fetches its rows',
    (sides) => {
      const { world, write, seen } = watching(sides);
      world.server.sync.hasCursors = false;
      world.cutNetwork();
      write('new', 2);
      const receive = world.server.receive.bind(world.server);
      let writes = 0;
      world.server.receive = (connection, message) => {
        // The row that is asked for by its digest is another one by now.
        if (message.type === 'ROWS_REQ' && writes < 2) write(`newer${writes++}`, 3 + writes);
        receive(connection, message);
      };
      world.healNetwork();
      expect(writes).toBe(2);
      expect([...seen].filter((pair) => pair.split(',')[0] !== pair.split(',')[1])).toEqual([]);
      expect(seen.has('newer1,newer1')).toBe(true);
    },
  );

  it('[RES-6] waits for nobody who has no room at the server, and starts afresh on a new connection', () => {
    const { world, write, seen } = watching(['query', 'query']);
    world.cutNetwork();
    const receive = world.server.receive.bind(world.server);
    let isFull = true;
    world.server.receive = (connection, message) => {
      if (isFull && message.type === 'QUERY_SUB' && message.map === 'r')
        connection.deliver({ type: 'ERROR', code: 'LIMIT', message: 'full', ref: message.query });
      else receive(connection, message);
    };
    world.isServerUp = true;
    world.advance(5_000);
    write('new', 3);
    world.settle();
    expect([...seen].sort()).toEqual(['new,old', 'old,old']);
    isFull = false;
    world.advance(20_000);
    expect(seen.has('new,new')).toBe(true);
  });

  it('[RES-6] asks once more for what did not become equal, unless a message that had waited made it ask', () => {
    const asked: string[] = [];
    const feed = (name: string, askedAtMs?: number) => ({
      name,
      askedAtMs,
      isReady: true,
      isEmpty: false,
      swap() {
        this.isReady = false;
      },
      prove: () => false,
      again: () => asked.push(name),
    });
    const feeds = [feed('equal to nothing'), feed('with a gap')];
    const late = feed('the last to come', 1);
    late.isReady = false;
    const joint = new JointSwap(
      () => [...feeds, late] as unknown as Feed[],
      () => {
        for (const one of feeds) if (one.name === 'with a gap') one.askedAtMs = 2;
      },
    );
    joint.moved();
    expect(joint.keeps({ type: 'GC_PRUNE', map: 'm', at: [] })).toBe(true);
    late.askedAtMs = undefined;
    joint.moved();
    expect(asked).toEqual(['equal to nothing']);
  });

  it('[RES-6] lets rows show as they come when more of them wait than a device should keep', () => {
    const taken: string[] = [];
    const feed = {
      askedAtMs: 1,
      isReady: false,
      isEmpty: false,
      swap: () => taken.push('swap'),
    } as unknown as Feed;
    const joint = new JointSwap(
      () => [feed],
      (message) => taken.push(message.type),
    );
    const rows = Array.from({ length: 5_000 }, (_, n) => [0, `k${n}`, n, T, 0, n] as const);
    const message: ServerMessage = {
      type: 'SERVER_EVENT',
      map: 'm',
      nodes: ['s'],
      parts: [[0, 1, 0, 1, 1, rows]],
    };
    const kept = Math.ceil(LIMITS.heldRows / 5_001);
    for (let i = 0; i < kept; i++) {
      expect(joint.isHeld).toBe(true);
      expect(joint.keeps(message)).toBe(true);
      joint.moved();
    }
    expect(joint.isHeld).toBe(false);
    expect(taken).toEqual(new Array(kept).fill('SERVER_EVENT'));
    expect(joint.keeps(message)).toBe(false);
  });
});

const T = 1_600_000_000_000 * 2048;
